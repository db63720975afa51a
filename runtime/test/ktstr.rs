//! Tests of sched_ext schedulers, written in Rust: docs/writing-tests.md. `ktstr.h`, beside this file, has what every member and call means.
//!
//! ```ignore
//! // tests/sched.rs; Cargo.toml: [[test]] name = "sched", harness = false; this file is tests/ktstr/mod.rs
//! mod ktstr;
//! ktstr::scheduler!(MINE, binary: c"scx_mine", topology: c"1,2,4,1", flags: ktstr::flags!(c"llc" => [c"--llc-aware"]));
//! ktstr::scenario!(steady, scheduler: &MINE, scenario: c"cgroup a\n work a spin\n hold 100%");
//! ktstr::test!(per_llc, scheduler: &MINE, min_llcs: 2, expect: c"isolated", |k| {
//!     for i in 0..k.llcs() {
//!         let group = k.cgroup(&format!("llc_{i}"), &format!("cpuset=llc:{i}"));
//!         k.work(group, "spin n=100%");
//!     }
//!     k.hold("100%");
//! });
//! fn main() { ktstr::main() }
//! ```
//!
//! Macros: scheduler!, scenario!, test! (the body makes the scenario), host! (the body is the test, on the host), work! (the body is work type
//! `fn:NAME`, in the guest), and list!, flags!, map_writes! for their members. Lines have no printf in them: "%" is "%". A panic in a body
//! refuses or fails the test with its words and its place; in a program that aborts at panics this is so in work! alone, and elsewhere it
//! ends the program.
//!
//! Rust 1.82, edition 2021 or 2024. The module is called `ktstr` and stands in the crate's root; declarations belong into the test program
//! itself, because a linker takes from a library only what is called.
#![cfg_attr(rustfmt, rustfmt::skip)]
#![allow(dead_code, unused_macros, unused_imports)]

use std::ffi::{c_char, c_int, c_void, CStr, CString};
use std::os::unix::ffi::OsStringExt;
use std::panic::{catch_unwind, AssertUnwindSafe, Location};
use std::sync::{atomic::{AtomicPtr, Ordering::Relaxed}, Mutex};
use std::{cell::Cell, ptr};

type Text = *const c_char;
type Raw = *mut c_void;

#[link(name = "ktstr")]
unsafe extern "C" {
    fn ktstr_main(program: *const Program, argc: c_int, argv: *const Text) -> c_int;
    fn ktstr_add(k: Raw, file: Text, line: u32, format: Text, ...) -> Text;
    fn ktstr_require_at(k: Raw, file: Text, line: u32, ok: bool, format: Text, ...) -> bool;
    fn ktstr_cpus(k: Raw) -> u32;
    fn ktstr_llcs(k: Raw) -> u32;
    fn ktstr_nodes(k: Raw) -> u32;
    fn ktstr_cpus_of(k: Raw, set: Text) -> u32;
    fn ktstr_flag(k: Raw, name: Text) -> bool;
    fn ktstr_seed(k: Raw) -> u64;
    fn ktstr_check_at(v: Raw, file: Text, line: u32, ok: bool, format: Text, ...);
    fn ktstr_skip(v: Raw, format: Text, ...);
    fn ktstr_figure(v: Raw, metric: Text, default: f64) -> f64;
    fn ktstr_run_seed(v: Raw) -> u64;
    fn ktstr_run_json(v: Raw) -> Text;
    fn ktstr_worker_index(w: Raw) -> u32;
    fn ktstr_worker_count(w: Raw) -> u32;
    fn ktstr_worker_random(w: Raw) -> u64;
    fn ktstr_worker_did(w: Raw, work: u64);
    fn ktstr_worker_run(w: Raw, us: u64);
    fn ktstr_worker_sleep(w: Raw, us: u64);
    fn ktstr_worker_state(w: Raw, size: usize) -> Raw;
    fn ktstr_worker_fail(w: Raw, format: Text, ...) -> !;
}

unsafe extern "C" {
    #[link_name = "__start_ktstr_tests"]
    static TESTS: Entry<Test>;
    #[link_name = "__stop_ktstr_tests"]
    static TESTS_END: Entry<Test>;
    #[link_name = "__start_ktstr_works"]
    static WORKS: Entry<Work>;
    #[link_name = "__stop_ktstr_works"]
    static WORKS_END: Entry<Work>;
}

#[repr(C)]
struct Program {
    size: u32,
    abi: u32,
    tests: *const Entry<Test>,
    tests_end: *const Entry<Test>,
    works: *const Entry<Work>,
    works_end: *const Entry<Work>,
}

/// What stands in the sections: a pointer to a declaration, or NULL.
#[repr(transparent)]
pub struct Entry<T: 'static>(pub Option<&'static T>);
unsafe impl<T> Sync for Entry<T> {}

// Without these a program that has none of one kind would lack its section.
#[used]
#[unsafe(link_section = "ktstr_tests")]
static NO_TEST: Entry<Test> = Entry(None);
#[used]
#[unsafe(link_section = "ktstr_works")]
static NO_WORK: Entry<Work> = Entry(None);

/// Ends with NULL: list!(c"a", c"b").
pub type List = &'static [Text];
pub type Flags = &'static [Flag];
pub type MapWrites = &'static [MapWrite];

#[repr(C)]
pub struct Flag(pub Text, pub *const Text, pub *const Text);
#[repr(C)]
pub struct MapWrite(pub Text, pub u32, pub u32);

pub enum Clock {
    Virtual = 1,
    Real,
    Both,
}

/// Of settle_ms: 0 ms.
pub const NOW: u32 = u32::MAX;

/// One of the header's structures: its members in their order, and for each that a declaration may say a function that sets it.
macro_rules! structure {
    (@type text) => { Text };
    (@type list) => { *const Text };
    (@type flags) => { *const Flag };
    (@type map_writes) => { *const MapWrite };
    (@type scheduler) => { Option<&'static Scheduler> };
    (@type body) => { Option<extern "C" fn(Raw)> };
    (@type verdict) => { Option<extern "C" fn(Raw)> };
    (@type worker) => { Option<extern "C" fn(Raw)> };
    (@type clock) => { u32 };
    (@type $other:ident) => { $other };
    (@set text $name:ident) => { pub const fn $name(mut self, to: &'static CStr) -> Self { self.$name = to.as_ptr(); self } };
    (@set list $name:ident) => { pub const fn $name(mut self, to: List) -> Self { self.$name = to.as_ptr(); self } };
    (@set flags $name:ident) => { pub const fn $name(mut self, to: Flags) -> Self { self.$name = to.as_ptr(); self } };
    (@set map_writes $name:ident) => { pub const fn $name(mut self, to: MapWrites) -> Self { self.$name = to.as_ptr(); self } };
    (@set scheduler $name:ident) => { pub const fn $name(mut self, to: &'static Scheduler) -> Self { self.$name = Some(to); self } };
    (@set clock $name:ident) => { pub const fn $name(mut self, to: Clock) -> Self { self.$name = to as u32; self } };
    (@set body $name:ident) => { structure!(@function $name Body body); };
    (@set verdict $name:ident) => { structure!(@function $name Verdict verdict); };
    (@set worker $name:ident) => { structure!(@function $name Worker worker); };
    (@set $other:ident $name:ident) => { pub const fn $name(mut self, to: $other) -> Self { self.$name = to; self } };
    (@function $name:ident $of:ident $call:ident) => {
        pub const fn $name<F: Fn(&$of) + Copy + 'static>(mut self, _: F) -> Self {
            const { assert!(size_of::<F>() == 0, "a body may use nothing of what is around it but statics and constants") };
            self.$name = Some($call::<F>);
            self
        }
    };
    ($(#[$about:meta])* $of:ident: size $($head:ident: $head_type:ident)*; $($name:ident: $kind:ident)*) => {
        $(#[$about])*
        #[repr(C)]
        #[derive(Clone, Copy)]
        pub struct $of { pub size: u32, $(pub $head: structure!(@type $head_type),)* $(pub $name: structure!(@type $kind),)* }
        unsafe impl Sync for $of {}
        impl $of {
            /// Nothing is said but the size: NULL, 0 and false all over.
            pub const NONE: Self = Self { size: size_of::<Self>() as u32, ..unsafe { std::mem::zeroed() } };
            $(structure!(@set $kind $name);)*
        }
    };
}

structure!(Scheduler: size flag_size: u32 id: text; name: text binary: text args: list flags: flags topology: text expect: text attach_ms: u32
    min_numa: u32 max_numa: u32 min_llcs: u32 max_llcs: u32 min_cpus: u32 max_cpus: u32 smt: bool sysctls: list kargs: list cgroup_parent: text);
structure!(Test: size line: u32 file: text id: text map_write_size: u32; build: body host: verdict name: text summary: text scenario: text
    expect: text judge: verdict expect_fail: text scheduler: scheduler args: list flags_required: list flags_excluded: list topology: text
    min_numa: u32 max_numa: u32 min_llcs: u32 max_llcs: u32 min_cpus: u32 max_cpus: u32 smt: bool memory_mb: u32 duration_ms: u32
    settle_ms: u32 workers: u32 seeds: u32 first_seed: u32 clock: clock perf_mode: bool needs: list map_write: map_writes tags: list
    ignored: bool watchdog_ms: u32);
structure!(Work: size line: u32 file: text; name: text pass: worker);

impl Scheduler {
    pub const fn new(id: &'static CStr) -> Self {
        Self { flag_size: size_of::<Flag>() as u32, id: id.as_ptr(), ..Self::NONE }
    }
}

impl Test {
    pub const fn new(id: &'static CStr, file: &'static CStr, line: u32) -> Self {
        Self { line, file: file.as_ptr(), id: id.as_ptr(), map_write_size: size_of::<MapWrite>() as u32, ..Self::NONE }
    }
}

impl Work {
    pub const fn new(id: &'static CStr, file: &'static CStr, line: u32) -> Self {
        Self { line, file: file.as_ptr(), name: id.as_ptr(), ..Self::NONE }
    }
}

/// Of a name or a place that the macros know.
macro_rules! text {
    ($($of:expr),*) => {
        const { match std::ffi::CStr::from_bytes_with_nul(concat!($($of,)* "\0").as_bytes()) { Ok(t) => t, Err(_) => panic!("a NUL in a name") } }
    };
}
macro_rules! list {
    ($($word:expr),* $(,)?) => { const { &[$($word.as_ptr(),)* std::ptr::null::<std::ffi::c_char>()] } };
}
macro_rules! flags {
    ($($name:expr => [$($arg:expr),*] $(needs [$($need:expr),*])?),* $(,)?) => {
        const { &[$($crate::ktstr::Flag($name.as_ptr(), $crate::ktstr::list!($($arg),*).as_ptr(), $crate::ktstr::list!($($($need),*)?).as_ptr()),)*
            $crate::ktstr::Flag(std::ptr::null(), std::ptr::null(), std::ptr::null())] }
    };
}
macro_rules! map_writes {
    ($($map:expr, $offset:expr => $value:expr);* $(;)?) => {
        const { &[$($crate::ktstr::MapWrite($map.as_ptr(), $offset, $value),)* $crate::ktstr::MapWrite(std::ptr::null(), 0, 0)] }
    };
}
macro_rules! scheduler {
    ($id:ident $(, $member:ident: $value:expr)* $(,)?) => {
        static $id: $crate::ktstr::Scheduler = $crate::ktstr::Scheduler::new($crate::ktstr::text!(stringify!($id)))$(.$member($value))*;
    };
}
macro_rules! register {
    ($of:ident $section:literal $id:ident $($set:tt)*) => {
        const _: () = {
            static ONE: $crate::ktstr::$of =
                $crate::ktstr::$of::new($crate::ktstr::text!(stringify!($id)), $crate::ktstr::text!(file!()), line!())$($set)*;
            #[used]
            #[unsafe(link_section = $section)]
            static ENTRY: $crate::ktstr::Entry<$crate::ktstr::$of> = $crate::ktstr::Entry(Some(&ONE));
        };
    };
}
macro_rules! scenario {
    ($id:ident $(, $member:ident: $value:expr)* $(,)?) => { $crate::ktstr::register!(Test "ktstr_tests" $id $(.$member($value))*); };
}
macro_rules! test {
    ($id:ident $(, $member:ident: $value:expr)*, |$k:ident| $body:block $(,)?) => {
        $crate::ktstr::register!(Test "ktstr_tests" $id $(.$member($value))*.build(|$k| $body));
    };
}
macro_rules! host {
    ($id:ident $(, $member:ident: $value:expr)*, |$v:ident| $body:block $(,)?) => {
        $crate::ktstr::register!(Test "ktstr_tests" $id $(.$member($value))*.host(|$v| $body));
    };
}
macro_rules! work {
    ($id:ident, |$w:ident| $body:block $(,)?) => { $crate::ktstr::register!(Work "ktstr_works" $id.pass(|$w| $body)); };
}
pub(crate) use {flags, host, list, map_writes, register, scenario, scheduler, test, text, work};

/// The whole of a `fn main`; what the arguments and the exit code mean is with `ktstr_main` in the header.
pub fn main() -> ! {
    let words: Vec<CString> = std::env::args_os().filter_map(|w| CString::new(w.into_vec()).ok()).collect();
    let mut argv: Vec<Text> = words.iter().map(|w| w.as_ptr()).collect();
    let hook = std::panic::take_hook();

    std::panic::set_hook(Box::new(move |about| {
        let words = about.payload().downcast_ref::<&str>().map(|s| s.to_string());
        let words = words.or(about.payload().downcast_ref::<String>().cloned()).unwrap_or("no words".into());
        let place = about.location().map(|at| (at.file().to_string(), at.line())).unwrap_or_default();

        *PANIC.lock().unwrap_or_else(|e| e.into_inner()) = (place.0, place.1, words);
        hook(about);
        // Nothing comes back from here in a program that aborts; a worker can still say why.
        let w = WORKER.load(Relaxed);
        if cfg!(panic = "abort") && !w.is_null() {
            worker_panicked(w);
        }
    }));
    argv.push(ptr::null());
    let code = unsafe {
        let program = Program {
            size: size_of::<Program>() as u32,
            abi: 1,
            tests: &raw const TESTS,
            tests_end: &raw const TESTS_END,
            works: &raw const WORKS,
            works_end: &raw const WORKS_END,
        };
        ktstr_main(&program, words.len() as c_int, argv.as_ptr())
    };
    std::process::exit(code)
}

/// In the guest: the one that this process is.
static WORKER: AtomicPtr<c_void> = AtomicPtr::new(ptr::null_mut());
/// File, line and words of the last one.
static PANIC: Mutex<(String, u32, String)> = Mutex::new((String::new(), 0, String::new()));
/// Names of files, which the library keeps until the program ends.
static FILES: Mutex<Vec<&'static CStr>> = Mutex::new(Vec::new());

const WORDS: Text = c"%s".as_ptr();

/// A NUL would cut the text; this is refused by whoever reads it.
fn c(text: &str) -> CString {
    CString::new(text.replace('\0', "\u{fffd}")).unwrap_or_default()
}

fn kept(file: &str) -> Text {
    let mut all = FILES.lock().unwrap_or_else(|e| e.into_inner());
    let name = c(file);

    if let Some(known) = all.iter().find(|f| ***f == *name) {
        return known.as_ptr();
    }
    all.push(Box::leak(name.into_boxed_c_str()));
    all[all.len() - 1].as_ptr()
}

/// Calls F, which is a body and has no size; tell is told of its panic.
fn call<F: Fn(&T), T>(on: &T, tell: impl FnOnce(Text, u32, Text)) {
    let body = unsafe { ptr::NonNull::<F>::dangling().as_ref() };

    if catch_unwind(AssertUnwindSafe(|| body(on))).is_err() {
        let (file, line, words) = PANIC.lock().unwrap_or_else(|e| e.into_inner()).clone();

        tell(kept(&file), line, c(&words).as_ptr());
    }
}

extern "C" fn body<F: Fn(&Body)>(k: Raw) {
    call::<F, _>(&Body(k), |file, line, words| unsafe {
        ktstr_require_at(k, file, line, false, c"panic: %s".as_ptr(), words);
    });
}

extern "C" fn verdict<F: Fn(&Verdict)>(v: Raw) {
    call::<F, _>(&Verdict(v), |file, line, words| unsafe {
        ktstr_check_at(v, file, line, false, c"panic: %s".as_ptr(), words);
    });
}

extern "C" fn worker<F: Fn(&Worker)>(w: Raw) {
    WORKER.store(w, Relaxed);
    call::<F, _>(&Worker(w), |_, _, _| worker_panicked(w));
}

fn worker_panicked(w: Raw) -> ! {
    let (file, line, words) = PANIC.lock().unwrap_or_else(|e| e.into_inner()).clone();

    unsafe { ktstr_worker_fail(w, c"%s:%u: panic: %s".as_ptr(), c(&file).as_ptr(), line, c(&words).as_ptr()) }
}

/// In the body of test!: "k".
pub struct Body(Raw);
/// In the body of host! and in judge: "v".
pub struct Verdict(Raw);
/// In the body of work!: "w".
pub struct Worker(Raw);

macro_rules! lines {
    ($($name:ident($($word:ident),*) $format:literal;)*) => {
        impl Body { $(#[track_caller] pub fn $name(&self, $($word: &str),*) -> &str { self.line(&format!($format)) })* }
    };
}
lines! {
    cgroup(name, rest) "cgroup {name} {rest}";
    work(name, rest) "work {name} {rest}";
    set(name, rest) "set {name} {rest}";
    move_to(from, to) "move {from} {to}";
    swap(a, b) "swap {a} {b}";
    stop(name) "stop {name}";
    remove(name) "remove {name}";
    freeze(name) "freeze {name}";
    thaw(name) "thaw {name}";
    mark(name) "mark {name}";
    hold(time) "hold {time}";
    every(time) "every {time} {{";
    until(time) "}} for {time}";
}

/// Calls that take and give numbers alone.
macro_rules! numbers {
    ($of:ident: $($name:ident($($given:ident)?) $(-> $back:ident)? $call:ident;)*) => {
        impl $of { $(pub fn $name(&self $(, $given: u64)?) $(-> $back)? { unsafe { $call(self.0 $(, $given)?) } })* }
    };
}
numbers! { Body: cpus() -> u32 ktstr_cpus; llcs() -> u32 ktstr_llcs; nodes() -> u32 ktstr_nodes; seed() -> u64 ktstr_seed; }
numbers! { Verdict: run_seed() -> u64 ktstr_run_seed; }
numbers! { Worker: index() -> u32 ktstr_worker_index; count() -> u32 ktstr_worker_count; random() -> u64 ktstr_worker_random;
    did(work) ktstr_worker_did; run(us) ktstr_worker_run; sleep(us) ktstr_worker_sleep; }

impl Body {
    /// Any line of a scenario; returns its second word, the cgroup that it is about.
    #[track_caller]
    pub fn line(&self, text: &str) -> &str {
        let at = Location::caller();
        let word = unsafe { CStr::from_ptr(ktstr_add(self.0, kept(at.file()), at.line(), WORDS, c(text).as_ptr())) };
        word.to_str().unwrap_or_default()
    }
    #[track_caller]
    pub fn require(&self, ok: bool, otherwise: &str) -> bool {
        let at = Location::caller();
        unsafe { ktstr_require_at(self.0, kept(at.file()), at.line(), ok, WORDS, c(otherwise).as_ptr()) }
    }
    pub fn cpus_of(&self, set: &str) -> u32 {
        unsafe { ktstr_cpus_of(self.0, c(set).as_ptr()) }
    }
    pub fn flag(&self, name: &str) -> bool {
        unsafe { ktstr_flag(self.0, c(name).as_ptr()) }
    }
}

impl Verdict {
    #[track_caller]
    pub fn check(&self, ok: bool, otherwise: &str) {
        let at = Location::caller();
        unsafe { ktstr_check_at(self.0, kept(at.file()), at.line(), ok, WORDS, c(otherwise).as_ptr()) }
    }
    pub fn skip(&self, why: &str) {
        unsafe { ktstr_skip(self.0, WORDS, c(why).as_ptr()) }
    }
    /// None: it has no value.
    pub fn figure(&self, metric: &str) -> Option<f64> {
        Some(unsafe { ktstr_figure(self.0, c(metric).as_ptr(), f64::NAN) }).filter(|f| !f.is_nan())
    }
    /// None: a test of the host.
    pub fn run_json(&self) -> Option<&str> {
        unsafe { ktstr_run_json(self.0).as_ref().and_then(|text| CStr::from_ptr(text).to_str().ok()) }
    }
}

impl Worker {
    /// So many numbers of this worker, 0 at first, that stay from pass to pass. None: more than 1 MiB.
    pub fn state(&self, numbers: usize) -> Option<&[Cell<u64>]> {
        let at = unsafe { ktstr_worker_state(self.0, numbers.checked_mul(8)?) } as *const Cell<u64>;
        (!at.is_null()).then(|| unsafe { std::slice::from_raw_parts(at, numbers) })
    }
    pub fn fail(&self, why: &str) -> ! {
        unsafe { ktstr_worker_fail(self.0, WORDS, c(why).as_ptr()) }
    }
}
