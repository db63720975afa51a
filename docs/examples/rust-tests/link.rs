//! Where libktstr is, if not where linkers look anyway. For the package's build.rs:
//!
//! ```ignore
//! #[path = "tests/ktstr/link.rs"]
//! mod ktstr;
//!
//! fn main() {
//!     ktstr::link();
//! ```
use std::process::Command;

/// Says nothing of when to run again: that would end cargo's watch over all files of the package, if the rest of build.rs relies on it.
pub fn link() {
    let asked = Command::new("pkg-config").args(["--variable=libdir", "libktstr"]).output();
    if let Some(dir) = asked.ok().filter(|o| o.status.success()).and_then(|o| String::from_utf8(o.stdout).ok()) {
        println!("cargo:rustc-link-search=native={}", dir.trim());
        println!("cargo:rustc-link-arg-tests=-Wl,-rpath,{}", dir.trim());
    }
}
