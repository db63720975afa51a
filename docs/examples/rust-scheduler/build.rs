//! The scheduler's BPF program, and where libktstr is, if not where linkers look anyway.
use std::{env, path::Path, process::Command};

fn said(program: &str, args: &[&str]) -> Option<String> {
    let output = Command::new(program).args(args).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_string())
}

fn main() {
    println!("cargo:rerun-if-changed=src/scx_mine.bpf.c");
    println!("cargo:rerun-if-env-changed=PKG_CONFIG_PATH");
    if let Some(dir) = said("pkg-config", &["--variable=libdir", "libktstr"]) {
        println!("cargo:rustc-link-search=native={dir}");
        println!("cargo:rustc-link-arg-tests=-Wl,-rpath,{dir}");
    }
    let clang = env::var("CLANG").unwrap_or("clang-16".into());
    let types = format!("/usr/include/{}", said("cc", &["-print-multiarch"]).unwrap_or_default());
    let object = Path::new(&env::var("OUT_DIR").unwrap()).join("scx_mine.bpf.o");
    let status = Command::new(&clang)
        .args(["-target", "bpf", "-mcpu=v3", "-O2", "-g", "-Wall", "-DOPS_SECTION=\".struct_ops.link\"", "-isystem", &types])
        .args(["-c", "src/scx_mine.bpf.c", "-o"])
        .arg(object)
        .status()
        .unwrap_or_else(|e| panic!("{clang}, which CLANG can name another of, does not start: {e}"));
    assert!(status.success(), "src/scx_mine.bpf.c does not compile");
}
