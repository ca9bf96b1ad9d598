//! What belongs to the process and not to one client: forks, the threads'
//! signal masks, and the process's end.

use std::io::Write;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Once, OnceLock};
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

fn page_size() -> usize {
    // SAFETY: reads a number.
    unsafe { libc::sysconf(libc::_SC_PAGESIZE) as usize }
}

/// Gives the memory that a vector has room in, and nothing, back to the system, page by page; where it is written to again, the
/// system gives new pages. `free` alone may keep it for allocations of the thread that has made it.
pub fn release_pages<T>(vector: &mut Vec<T>) {
    let page = page_size();
    let room = vector.spare_capacity_mut().as_mut_ptr_range();
    let start = (room.start as usize).next_multiple_of(page);
    let end = room.end as usize / page * page;
    if start < end {
        // SAFETY: these pages lie within the vector's own memory, and hold nothing.
        unsafe { libc::madvise(start as *mut libc::c_void, end - start, libc::MADV_DONTNEED) };
    }
}

/// Writes a line to stderr, at once: other processes may write to the same file.
pub fn say(line: &str) {
    // A closed stderr is no reason to panic.
    let _ = io::stderr().write_all(line.as_bytes());
}

/// Writes an error to stderr, which in nginx is its error log: there in the form of that log's lines.
pub fn log_error(text: &str) {
    let before = match is_nginx() {
        true => nginx_prefix(),
        false => String::new(),
    };
    say(&format!("{before}kafka: {text}\n"));
}

/// Whether this process is nginx.
pub fn is_nginx() -> bool {
    static IS_NGINX: OnceLock<bool> = OnceLock::new();
    *IS_NGINX.get_or_init(|| {
        // SAFETY: looks a symbol up, among those that the program exports for its modules.
        !unsafe { libc::dlsym(libc::RTLD_DEFAULT, c"ngx_cycle".as_ptr()) }.is_null()
    })
}

/// As in `2026/12/31 23:59:59 [error] 4711#4712: `, with the numbers of process and thread.
fn nginx_prefix() -> String {
    // SAFETY: both write to what they are given; zeroes are a valid time.
    let (now, process) = unsafe {
        let (seconds, mut now) = (libc::time(ptr::null_mut()), mem::zeroed::<libc::tm>());
        libc::localtime_r(&seconds, &mut now);
        (now, libc::getpid())
    };
    let (year, month) = (now.tm_year + 1900, now.tm_mon + 1);
    let (day, hour, minute, second) = (now.tm_mday, now.tm_hour, now.tm_min, now.tm_sec);
    format!(
        "{year}/{month:02}/{day:02} {hour:02}:{minute:02}:{second:02} [error] {process}#{}: ",
        system_thread()
    )
}

/// The system's number of this thread.
fn system_thread() -> i64 {
    #[cfg(target_os = "linux")]
    // SAFETY: takes nothing.
    return unsafe { libc::syscall(libc::SYS_gettid) };
    #[cfg(not(target_os = "linux"))]
    return std::process::id().into();
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

/// Jobs on threads of their own, which only the process's end waits for, and that not for long.
pub mod background {
    use super::*;
    use std::collections::VecDeque;
    use std::sync::atomic::AtomicPtr;
    use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
    use std::time::Duration;

    /// How long the process's end waits for all of them together: longer than any may take here, and shorter than nginx's
    /// master waits for a worker.
    const AT_END: Duration = Duration::from_secs(2);

    type Job = Box<dyn FnOnce() + Send>;

    /// The jobs of one process: a forked child has none of its parent's threads, and others of its own.
    struct Jobs {
        process: Generation,
        state: Mutex<State>,
        has_ended: Condvar,
    }

    #[derive(Default)]
    struct State {
        waiting: VecDeque<Job>,
        /// How many threads there are.
        running: usize,
        /// The process ends: nothing begins any more.
        is_over: bool,
    }

    static JOBS: AtomicPtr<Jobs> = AtomicPtr::new(ptr::null_mut());

    impl Jobs {
        /// Those of this process, made when they are first needed.
        fn get() -> &'static Self {
            static AT_EXIT: Once = Once::new();
            let known = JOBS.load(Ordering::Acquire);
            // SAFETY: null, or from the leaked box below.
            match unsafe { known.as_ref() } {
                Some(jobs) if jobs.process.is_current() => return jobs,
                _ => {}
            }
            AT_EXIT.call_once(|| at_exit(wait));
            let jobs = Box::leak(Box::new(Self {
                process: Generation::current(),
                state: Mutex::default(),
                has_ended: Condvar::new(),
            }));
            match JOBS.compare_exchange(known, jobs, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => jobs,
                // Another thread was faster. SAFETY: never null once it has changed.
                Err(theirs) => unsafe { &*theirs },
            }
        }

        fn lock(&self) -> MutexGuard<'_, State> {
            self.state.lock().unwrap_or_else(PoisonError::into_inner)
        }

        /// Starts a thread for the jobs that wait; without one to be had, a thread that has ended its own job takes them,
        /// or that of the next job.
        fn start_thread(&'static self) {
            self.lock().running += 1;
            if spawn("kafka:close", || self.work()).is_err() {
                self.lock().running -= 1;
            }
        }

        fn work(&self) {
            let mut state = self.lock();
            while let Some(job) = state.next() {
                drop(state);
                // The panic hook has said it; what counts is that the end does not wait for it.
                let _ = catch_unwind(AssertUnwindSafe(job));
                state = self.lock();
            }
            state.running -= 1;
            self.has_ended.notify_all();
        }
    }

    impl State {
        fn next(&mut self) -> Option<Job> {
            match self.is_over {
                true => None,
                false => self.waiting.pop_front(),
            }
        }
    }

    /// Runs `job` on a thread of its own. Does not block.
    pub fn run(job: impl FnOnce() + Send + 'static) {
        let jobs = Jobs::get();
        let mut state = jobs.lock();
        state.waiting.push_back(Box::new(job));
        // What the job would end, ends with the process otherwise.
        if !state.is_over {
            drop(state);
            jobs.start_thread();
        }
    }

    extern "C" fn wait() {
        // SAFETY: null, or from a leaked box.
        let Some(jobs) = (unsafe { JOBS.load(Ordering::Acquire).as_ref() }) else {
            return;
        };
        if !jobs.process.is_current() {
            return;
        }
        let waiting = jobs.lock().waiting.len();
        (0..waiting).for_each(|_| jobs.start_thread());
        let is_busy = |state: &mut State| state.running > 0;
        let waited = jobs
            .has_ended
            .wait_timeout_while(jobs.lock(), AT_END, is_busy);
        waited.unwrap_or_else(PoisonError::into_inner).0.is_over = true;
    }
}

/// Registers `handler` to run when the process calls `exit()` or returns from
/// `main`; also in children forked after this.
pub fn at_exit(handler: extern "C" fn()) {
    // SAFETY: the library is linked with nodelete, so the handler outlives every exit().
    unsafe { libc::atexit(handler) };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_without_contents_go_back_to_the_system() {
        let page = page_size();
        let mut bytes = vec![1_u8; 1 << 20];
        let middle = bytes[1 << 19..].as_mut_ptr();
        let is_resident = || {
            let start = (middle as usize).next_multiple_of(page);
            let mut resident = 0;
            // SAFETY: one page, within the vector; and room for one answer.
            let answer = unsafe { libc::mincore(start as *mut libc::c_void, page, &mut resident) };
            assert_eq!(answer, 0, "{}", io::Error::last_os_error());
            resident & 1 == 1
        };
        release_pages(&mut bytes);
        assert!(is_resident(), "it is in use");
        bytes.clear();
        release_pages(&mut bytes);
        assert!(!is_resident());
        bytes.resize(1 << 20, 2);
        assert!(is_resident() && bytes.iter().all(|&byte| byte == 2));
    }
}
