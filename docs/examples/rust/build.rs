//! Where libktstr is, if not where linkers look anyway. What it is called says `#[link]` in tests/ktstr/mod.rs.
use std::process::Command;

fn main() {
    println!("cargo:rerun-if-env-changed=PKG_CONFIG_PATH");
    let asked = Command::new("pkg-config").args(["--variable=libdir", "libktstr"]).output();
    if let Some(dir) = asked.ok().filter(|o| o.status.success()).and_then(|o| String::from_utf8(o.stdout).ok()) {
        println!("cargo:rustc-link-search=native={}", dir.trim());
        println!("cargo:rustc-link-arg-tests=-Wl,-rpath,{}", dir.trim());
    }
}
