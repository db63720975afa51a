//! Loads the scheduler and keeps it attached until it is killed or the kernel lets go of it (exit code 1).
use libbpf_rs::{MapCore, MapFlags, ObjectBuilder};
use std::{error::Error, thread::sleep, time::Duration};

static PROGRAM: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/scx_mine.bpf.o"));

fn main() -> Result<(), Box<dyn Error>> {
    let mut object = ObjectBuilder::default().name("scx_mine")?.open_memory(PROGRAM)?.load()?;
    let mut ops = object.maps_mut().find(|m| m.name() == "sched_ops").ok_or("no sched_ops")?;
    let _link = ops.attach_struct_ops()?;
    // It has one variable: `ended`.
    let variables = object.maps().find(|m| m.name().to_string_lossy().ends_with(".bss")).ok_or("no variables")?;
    loop {
        let ended = variables.lookup(&0u32.to_ne_bytes(), MapFlags::ANY)?.unwrap_or_default();
        if ended.len() > 4 && ended[..4] != [0; 4] {
            let why = String::from_utf8_lossy(&ended[4..]);
            return Err(format!("thrown out: {}", why.trim_end_matches('\0')).into());
        }
        sleep(Duration::from_millis(100));
    }
}
