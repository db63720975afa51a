#!/bin/sh
# rust-workspace.sh DEST SCHEDULER: a cargo workspace that needs no registry: two scheduler packages, one of several binaries,
# and a library they depend on that has a binary of its own. Each scheduler carries the one given and becomes it.
set -eu
[ $# -eq 2 ] || { echo "usage: $0 DEST SCHEDULER" >&2 && exit 2; }
mkdir -p "$1/scx_two/src/bin" "$1/scx_one/src" "$1/carried/src/bin"
cp "$2" "$1/carried/src/scheduler"
cd "$1"
printf '[workspace]\nmembers = ["scx_two", "scx_one", "carried"]\nresolver = "2"\n' >Cargo.toml
package() { # NAME
	printf '[package]\nname = "%s"\nversion = "0.1.0"\nedition = "2021"\n' "$1" >"$1/Cargo.toml"
}
package carried
for name in scx_two scx_one; do
	package $name
	printf '[dependencies]\ncarried = { path = "../carried" }\n' >>$name/Cargo.toml
done
cat >carried/src/lib.rs <<'END'
use std::os::unix::{fs::PermissionsExt, process::CommandExt};

static SCHEDULER: &[u8] = include_bytes!("scheduler");
const FLAGS: &str = r#"[{"name":"llc","args":["--llc-aware"],"requires":[]},{"name":"steal","args":["--steal"],"requires":["llc"]}]"#;

/// Becomes the scheduler, with arguments of our own before those we got.
pub fn run(own: &[&str]) -> std::io::Error {
    if std::env::args().any(|a| a == "--ktstr-list-flags") {
        println!("{FLAGS}");
        std::process::exit(0);
    }
    let path = "/tmp/scheduler";
    if let Err(e) = std::fs::write(path, SCHEDULER) {
        return e;
    }
    let _ = std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755));
    std::process::Command::new(path).args(own).args(std::env::args().skip(1)).exec()
}
END
echo 'fn main() { println!("no scheduler"); }' >carried/src/bin/scx_decoy.rs
echo 'fn main() { panic!("{}", carried::run(&[])); }' | tee scx_one/src/main.rs >scx_two/src/bin/plain.rs
echo 'fn main() { panic!("{}", carried::run(&["--fail-verify"])); }' >scx_two/src/bin/refused.rs
