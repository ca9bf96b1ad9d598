//! What belongs to the process and not to one client: forks, the threads'
//! signal masks, and the process's end.

use std::io::Write;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::Once;
use std::{io, mem, ptr, thread};

static GENERATION: AtomicU32 = AtomicU32::new(1);

extern "C" fn count_fork() {
    GENERATION.fetch_add(1, Ordering::Relaxed);
}

/// Remembers which side of a `fork()` something was made on.
///
/// librdkafka's threads do not survive a fork, so a client made before it only
/// looks alive in the child: a message handed to it would never be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Generation(u32);

impl Generation {
    /// The process as it is now.
    pub fn current() -> Self {
        static WATCH_FORKS: Once = Once::new();
        WATCH_FORKS.call_once(|| {
            // SAFETY: the handler is async-signal-safe: it adds to an atomic.
            unsafe { libc::pthread_atfork(None, None, Some(count_fork)) };
        });
        Self(GENERATION.load(Ordering::Relaxed))
    }

    /// False in a child forked since.
    #[inline]
    pub fn is_current(self) -> bool {
        // A counter and not getpid(), which is a system call: this is asked for every message.
        self.0 == GENERATION.load(Ordering::Relaxed)
    }

    /// What [`Self::current`] is taken from, for readers that make no call.
    pub fn now() -> &'static AtomicU32 {
        Self::current();
        &GENERATION
    }

    /// For a struct that C code keeps.
    pub fn to_raw(self) -> u32 {
        self.0
    }

    /// The reverse of [`Self::to_raw`].
    pub fn from_raw(raw: u32) -> Self {
        Self(raw)
    }
}

/// Threads that `body` starts block every signal, so that the application's
/// handlers run on the application's own threads only.
pub fn with_signals_blocked<T>(body: impl FnOnce() -> T) -> T {
    // SAFETY: both sets are initialised before they are read, and a thread may change its own mask.
    let previous = unsafe {
        let mut all: libc::sigset_t = mem::zeroed();
        let mut previous: libc::sigset_t = mem::zeroed();
        libc::sigfillset(&mut all);
        libc::pthread_sigmask(libc::SIG_SETMASK, &all, &mut previous);
        previous
    };
    let result = body();
    // SAFETY: `previous` was filled in above.
    unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &previous, ptr::null_mut()) };
    result
}

/// Starts a thread that blocks every signal.
pub fn spawn(name: &str, body: impl FnOnce() + Send + 'static) -> io::Result<thread::Thread> {
    with_signals_blocked(|| {
        thread::Builder::new()
            .name(name.to_owned())
            .stack_size(256 * 1024)
            .spawn(body)
    })
    .map(|handle| handle.thread().clone())
}

/// This thread's number, which no other thread that runs has.
#[inline]
pub fn thread() -> usize {
    // SAFETY: pthread_self() cannot fail. A thread of Rust's own would be slower to ask for.
    unsafe { libc::pthread_self() as usize }
}

/// Writes a line to stderr, at once: other processes may write to the same file.
pub fn say(line: &str) {
    // A closed stderr is no reason to panic.
    let _ = io::stderr().write_all(line.as_bytes());
}

/// Whether the other end of a socket is this process's own.
pub fn is_connected_to_itself(stream: &UnixStream) -> bool {
    #[cfg(target_os = "linux")]
    {
        // SAFETY: zeroes are a valid value.
        let mut peer: libc::ucred = unsafe { mem::zeroed() };
        let mut size = mem::size_of_val(&peer) as libc::socklen_t;
        // SAFETY: the socket is open, and the buffer as large as said.
        let result = unsafe {
            libc::getsockopt(
                stream.as_raw_fd(),
                libc::SOL_SOCKET,
                libc::SO_PEERCRED,
                ptr::from_mut(&mut peer).cast(),
                &mut size,
            )
        };
        result == 0 && u32::try_from(peer.pid) == Ok(std::process::id())
    }
    // Elsewhere the socket's directory, which only this user may enter, has to do.
    #[cfg(not(target_os = "linux"))]
    {
        let _ = stream;
        true
    }
}

/// A memory barrier that one thread executes on behalf of all the others of the process, so that
/// they need none of their own where they are fast.
pub mod barrier {
    #[cfg(target_os = "linux")]
    fn membarrier(command: libc::c_int) -> bool {
        // SAFETY: the system call changes nothing but the order in which memory is seen.
        unsafe { libc::syscall(libc::SYS_membarrier, command, 0, 0) == 0 }
    }

    // MEMBARRIER_CMD_…_PRIVATE_EXPEDITED of linux/membarrier.h.
    #[cfg(target_os = "linux")]
    const REGISTER: libc::c_int = 1 << 4;
    #[cfg(target_os = "linux")]
    const EXECUTE: libc::c_int = 1 << 3;

    /// Prepares the process for [`execute`]; false where there is no such barrier.
    pub fn prepare() -> bool {
        #[cfg(target_os = "linux")]
        return membarrier(REGISTER);
        #[cfg(not(target_os = "linux"))]
        return false;
    }

    /// What every thread did before is seen by this one, and what this one did before is seen by
    /// every thread from now on. Call [`prepare`] in this process first.
    pub fn execute() {
        #[cfg(target_os = "linux")]
        membarrier(EXECUTE);
    }
}

/// Work that nobody waits for but the process's end, and that not for long.
pub mod background {
    use super::*;
    use std::sync::atomic::AtomicUsize;
    use std::time::{Duration, Instant};

    /// How long the process's end waits for all of it together: longer than anything may take here, and shorter than
    /// nginx's master waits for a worker.
    const AT_END: Duration = Duration::from_secs(2);

    static RUNNING: AtomicUsize = AtomicUsize::new(0);
    /// The process whose count it is: a forked child has none of these threads.
    static OF: AtomicU32 = AtomicU32::new(0);

    /// Runs `body` on a thread of its own.
    pub fn run(body: impl FnOnce() + Send + 'static) -> io::Result<()> {
        static AT_EXIT: Once = Once::new();
        AT_EXIT.call_once(|| at_exit(wait));
        let now = Generation::current().to_raw();
        if OF.swap(now, Ordering::AcqRel) != now {
            RUNNING.store(0, Ordering::Release);
        }
        RUNNING.fetch_add(1, Ordering::AcqRel);
        let started = spawn("kafka:close", move || {
            // The panic hook has said it; what counts is that the end does not wait for it.
            let _ = catch_unwind(AssertUnwindSafe(body));
            RUNNING.fetch_sub(1, Ordering::AcqRel);
        });
        if started.is_err() {
            RUNNING.fetch_sub(1, Ordering::AcqRel);
        }
        started.map(drop)
    }

    extern "C" fn wait() {
        let start = Instant::now();
        while OF.load(Ordering::Acquire) == GENERATION.load(Ordering::Relaxed)
            && RUNNING.load(Ordering::Acquire) > 0
            && start.elapsed() < AT_END
        {
            thread::sleep(Duration::from_millis(1));
        }
    }
}

/// Registers `handler` to run when the process calls `exit()` or returns from
/// `main`; also in children forked after this.
pub fn at_exit(handler: extern "C" fn()) {
    // SAFETY: the library is linked with nodelete, so the handler outlives every exit().
    unsafe { libc::atexit(handler) };
}
