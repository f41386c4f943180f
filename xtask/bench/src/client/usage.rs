//! What a contender used: its own processor time and memory, as the system counts them.

/// Nanoseconds that all threads of this process ran so far; those of threads that ended are gone, so contenders keep
/// theirs to the end.
pub(super) fn processor_ns() -> u64 {
    let threads = std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    threads
        .filter_map(|thread| std::fs::read_to_string(thread.path().join("schedstat")).ok())
        .filter_map(|told| told.split(' ').next()?.parse::<u64>().ok())
        .sum()
}

/// The most memory that this process ever had in use.
pub(super) fn peak_bytes() -> u64 {
    status("VmHWM:")
}

/// The memory that this process has in use now.
pub(super) fn in_use_bytes() -> u64 {
    status("VmRSS:")
}

fn status(name: &str) -> u64 {
    let told = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = told.lines().find_map(|line| line.strip_prefix(name));
    let kib = line.and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok());
    kib.unwrap_or(0) * 1024
}
