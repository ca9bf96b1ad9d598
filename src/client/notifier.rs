//! By which an event loop that cannot block is notified that there may be something new.
//!
//! nginx can wait for a socket and for nothing else. A notifier is one end of a socket whose other end the event loop reads: a
//! byte comes when one of the things it has asked about may have changed, and then it takes their keys. It is a unix socket
//! in a directory of its own; where no directory can be made, as in a container that is read-only, a TCP connection on
//! loopback, which the event loop opens with a random cookie.

use std::ffi::{CStr, CString};
use std::fs::File;
use std::fs::{self, DirBuilder};
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock, Weak};

use crossbeam_queue::SegQueue;

use super::error::{Error, Result};
use super::lock;
use crate::process::{self, Generation};
use crate::rd::Code;
use crate::sync;

/// One event loop's end.
pub struct Notifier {
    path: CString,
    listener: Mutex<Option<Listener>>,
    /// Once the event loop has connected.
    stream: OnceLock<File>,
    /// Whether a byte is on its way: one is enough.
    has_byte: AtomicBool,
    ready: SegQueue<u64>,
    is_ended: AtomicBool,
}

/// An event loop has one notifier for each of its Lua states, of which nginx has one for HTTP and one for streams.
const NOTIFIERS_MAX: usize = 2;

/// Those of this process.
static NOTIFIERS: Mutex<(Option<Generation>, Vec<Weak<Notifier>>)> = Mutex::new((None, Vec::new()));

/// Where the event loop connects to, until it has.
enum Listener {
    Unix(UnixListener, #[allow(dead_code)] Directory),
    Loopback(Loopback),
}

impl Listener {
    /// Makes one, and the path by which the event loop finds it.
    fn new() -> io::Result<(Self, Vec<u8>)> {
        let directories = [std::env::temp_dir()]
            .into_iter()
            .chain(["/tmp", "/var/tmp", "/dev/shm"].map(PathBuf::from));
        let mut failure = None;
        for base in directories {
            match Self::unix(&base) {
                Ok(made) => return Ok(made),
                // The first is the one that the user chose.
                Err(error) => failure = failure.or(Some(error)),
            }
        }
        Self::loopback().map_err(|error| failure.unwrap_or(error))
    }

    fn unix(base: &Path) -> io::Result<(Self, Vec<u8>)> {
        let directory = Directory::new(base)?;
        let socket = directory.socket();
        let listener = UnixListener::bind(&socket)?;
        listener.set_nonblocking(true)?;
        let path = socket.into_os_string().into_encoded_bytes();
        Ok((Self::Unix(listener, directory), path))
    }

    fn loopback() -> io::Result<(Self, Vec<u8>)> {
        let mut random = [0; Loopback::COOKIE / 2];
        File::open("/dev/urandom")?.read_exact(&mut random)?;
        let cookie: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let path = format!("{}/{cookie}", listener.local_addr()?);
        let made = Loopback {
            listener,
            cookie,
            strangers: Vec::new(),
        };
        Ok((Self::Loopback(made), path.into_bytes()))
    }

    /// The event loop's connection.
    fn accept(&mut self) -> io::Result<File> {
        match self {
            Self::Unix(listener, _) => {
                let (stream, _) = listener.accept()?;
                if !process::is_connected_to_itself(&stream) {
                    return Err(io::Error::other("it is another process"));
                }
                stream.set_nonblocking(true)?;
                Ok(File::from(OwnedFd::from(stream)))
            }
            Self::Loopback(loopback) => loopback.accept(),
        }
    }
}

/// A listener that every process of this machine can connect to.
struct Loopback {
    listener: TcpListener,
    cookie: String,
    /// Connections that have not sent the cookie yet.
    strangers: Vec<TcpStream>,
}

impl Loopback {
    /// How long a cookie is, in bytes.
    const COOKIE: usize = 64;
    const STRANGERS_MAX: usize = 16;

    /// The connection that has sent the cookie. Others are closed once they have sent something else.
    fn accept(&mut self) -> io::Result<File> {
        while self.strangers.len() < Self::STRANGERS_MAX {
            match self.listener.accept() {
                Ok((stream, _)) => {
                    stream.set_nonblocking(true)?;
                    stream.set_nodelay(true)?;
                    self.strangers.push(stream);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        for mut stream in std::mem::take(&mut self.strangers) {
            let mut sent = [0; Self::COOKIE];
            match stream.peek(&mut sent) {
                Ok(Self::COOKIE) if sent == self.cookie.as_bytes() => {
                    stream.read_exact(&mut sent)?;
                    return Ok(File::from(OwnedFd::from(stream)));
                }
                Ok(count) if count > 0 && self.cookie.as_bytes().starts_with(&sent[..count]) => {
                    self.strangers.push(stream);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.strangers.push(stream);
                }
                _ => {}
            }
        }
        Err(io::ErrorKind::WouldBlock.into())
    }
}

/// A directory that only this user may look into; gone with this.
struct Directory(PathBuf);

impl Directory {
    fn new(base: &Path) -> io::Result<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let mut builder = DirBuilder::new();
        builder.mode(0o700);
        loop {
            let number = COUNT.fetch_add(1, Ordering::Relaxed);
            let name = format!("kafka-ffi.{}.{number}", std::process::id());
            let path = base.join(name);
            match builder.create(&path) {
                // Left behind by a process that was killed, or put there by another user: not to be used.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists && number < 1 << 16 => {}
                created => return created.map(|()| Self(path)),
            }
        }
    }

    fn socket(&self) -> PathBuf {
        self.0.join("notifier")
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_file(self.socket());
        let _ = fs::remove_dir(&self.0);
    }
}

impl Notifier {
    /// Makes one that waits for its event loop to connect to [`Self::path`].
    pub fn new() -> Result<Self> {
        Listener::new()
            .and_then(Self::of)
            .map_err(|error| Error::invalid(format!("no socket for a notifier: {error}")))
    }

    fn of((listener, path): (Listener, Vec<u8>)) -> io::Result<Self> {
        Ok(Self {
            path: CString::new(path)?,
            listener: Mutex::new(Some(listener)),
            stream: OnceLock::new(),
            has_byte: AtomicBool::new(false),
            ready: SegQueue::new(),
            is_ended: AtomicBool::new(false),
        })
    }

    /// Makes one for a Lua state. Where there are more than there can be, a state is made for each request: then each
    /// notifier would keep its state alive for ever, so all of them end.
    pub fn for_state() -> Result<Arc<Self>> {
        let notifier = Arc::new(Self::new()?);
        let mut notifiers = lock(&NOTIFIERS);
        let now = Some(Generation::current());
        if notifiers.0 != now {
            *notifiers = (now, Vec::new());
        }
        let (_, known) = &mut *notifiers;
        if known.len() <= NOTIFIERS_MAX {
            // A thread that has notified one may have it a moment longer than its state.
            let is_open = |notifier: Arc<Self>| !notifier.is_ended.load(Ordering::Relaxed);
            known.retain(|notifier| notifier.upgrade().is_some_and(is_open));
            known.push(Arc::downgrade(&notifier));
        }
        if known.len() <= NOTIFIERS_MAX {
            return Ok(notifier);
        }
        for notifier in known.iter().filter_map(Weak::upgrade) {
            notifier.end();
            notifier.wake();
        }
        let text = "no notifier for a Lua state that lasts for one request";
        Err(Error::new(Code::STATE.0, text))
    }

    /// Its Lua state uses it no more, or must not.
    pub fn end(&self) {
        self.is_ended.store(true, Ordering::Relaxed);
    }

    /// The socket to connect to; see kafka_notifier_path.
    pub fn path(&self) -> &CStr {
        &self.path
    }

    /// Takes the connection that the event loop has made, which is all it takes ever.
    pub fn accept(&self) -> Result<()> {
        let refused = |text: String| Error::new(Code::STATE.0, text);
        let mut listener = lock(&self.listener);
        let Some(waiting) = listener.as_mut() else {
            return Err(refused("this notifier has its connection already".into()));
        };
        let failed = |error: io::Error| refused(format!("no connection to a notifier: {error}"));
        let stream = waiting.accept().map_err(failed)?;
        *listener = None;
        // The lock keeps others out.
        let stream = self.stream.get_or_init(|| stream);
        if self.has_byte.load(Ordering::SeqCst) {
            write_byte(stream);
        }
        Ok(())
    }

    /// Has the event loop look, for `key`.
    pub fn notify(&self, key: u64) {
        self.ready.push(key);
        self.wake();
    }

    /// Has the event loop look, for nothing.
    pub fn wake(&self) {
        if !self.has_byte.swap(true, Ordering::SeqCst) {
            if let Some(stream) = self.stream.get() {
                write_byte(stream);
            }
        }
    }

    /// Begins to look: what comes from here on sends a byte again. Then take keys until there is none. An error if the event
    /// loop is to do without this notifier.
    pub fn begin(&self) -> Result<()> {
        self.has_byte.store(false, Ordering::SeqCst);
        match self.is_ended.load(Ordering::Relaxed) {
            true => Err(Error::closed()),
            false => Ok(()),
        }
    }

    /// The next of the keys that [`Self::notify`] was called for.
    pub fn pop(&self) -> Option<u64> {
        self.ready.pop()
    }
}

fn write_byte(mut stream: &File) {
    // It can only be full where the event loop has gone, as there is no more than one byte on its way.
    let _ = stream.write(&[0]);
}

impl sync::Notify for Notifier {
    fn notify(&self, key: u64) {
        Notifier::notify(self, key);
    }
}

/// A signal whose waiters are light threads of an event loop.
pub type Signal = sync::Signal<Notifier>;

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::net::UnixStream;

    fn path(notifier: &Notifier) -> PathBuf {
        Path::new(std::ffi::OsStr::from_bytes(notifier.path().to_bytes())).to_owned()
    }

    fn keys(notifier: &Notifier) -> Vec<u64> {
        notifier.begin().unwrap();
        std::iter::from_fn(|| notifier.pop()).collect()
    }

    fn connected() -> (Arc<Notifier>, UnixStream) {
        let notifier = Arc::new(Notifier::new().unwrap());
        let stream = UnixStream::connect(path(&notifier)).unwrap();
        stream.set_nonblocking(true).unwrap();
        notifier.accept().unwrap();
        (notifier, stream)
    }

    fn bytes_there(mut stream: &UnixStream) -> usize {
        stream.read(&mut [0; 16]).unwrap_or(0)
    }

    #[test]
    fn many_keys_are_one_byte_until_the_event_loop_looks() {
        let (notifier, stream) = connected();
        assert_eq!(bytes_there(&stream), 0);
        (1..=3).for_each(|key| notifier.notify(key));
        assert_eq!(bytes_there(&stream), 1);
        assert_eq!(keys(&notifier), [1, 2, 3]);
        notifier.notify(4);
        assert_eq!(bytes_there(&stream), 1);
    }

    #[test]
    fn what_came_before_the_connection_has_a_byte_after_it() {
        let notifier = Notifier::new().unwrap();
        notifier.notify(7);
        let stream = UnixStream::connect(path(&notifier)).unwrap();
        stream.set_nonblocking(true).unwrap();
        notifier.accept().unwrap();
        assert_eq!(bytes_there(&stream), 1);
        assert_eq!(keys(&notifier), [7]);
    }

    #[test]
    fn its_socket_is_private_and_goes_away() {
        use std::os::unix::fs::PermissionsExt;
        let notifier = Notifier::new().unwrap();
        let socket = path(&notifier);
        let directory = socket.parent().unwrap().to_owned();
        let mode = fs::metadata(&directory).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
        assert!(notifier.accept().is_err(), "no process has connected");
        let _stream = UnixStream::connect(&socket).unwrap();
        notifier.accept().unwrap();
        assert!(!directory.exists());
        assert!(notifier.accept().is_err(), "one connection is all there is");

        let unused = Notifier::new().unwrap();
        let directory = path(&unused).parent().unwrap().to_owned();
        drop(unused);
        assert!(!directory.exists());
    }

    fn on_loopback() -> (Notifier, String, String) {
        let notifier = Notifier::of(Listener::loopback().unwrap()).unwrap();
        let path = notifier.path().to_str().unwrap();
        let (address, cookie) = path.split_once('/').unwrap();
        let (address, cookie) = (address.to_owned(), cookie.to_owned());
        (notifier, address, cookie)
    }

    /// Until it is accepted, for what was sent takes a moment.
    fn accepted(notifier: &Notifier) -> bool {
        (0..1000).any(|_| {
            std::thread::sleep(std::time::Duration::from_millis(1));
            notifier.accept().is_ok()
        })
    }

    #[test]
    fn on_loopback_the_cookie_makes_the_connection() {
        let (notifier, address, cookie) = on_loopback();
        let mut silent = TcpStream::connect(&address).unwrap();
        let mut wrong = TcpStream::connect(&address).unwrap();
        wrong
            .write_all("0".repeat(cookie.len()).as_bytes())
            .unwrap();
        assert!(notifier.accept().is_err());
        notifier.notify(7);
        let mut right = TcpStream::connect(&address).unwrap();
        right.write_all(cookie.as_bytes()).unwrap();
        assert!(accepted(&notifier));
        let mut byte = [1; 2];
        assert_eq!(right.read(&mut byte).unwrap(), 1);
        assert_eq!(keys(&notifier), [7]);
        // The others are closed.
        let timeout = Some(std::time::Duration::from_secs(5));
        for other in [&mut silent, &mut wrong] {
            other.set_read_timeout(timeout).unwrap();
            assert!(matches!(other.read(&mut byte), Ok(0)) || other.write_all(&[0]).is_err());
        }
        assert!(
            TcpStream::connect(&address).is_err(),
            "one connection is all there is"
        );
    }

    #[test]
    fn without_one_directory_it_is_in_another() {
        let nowhere = Path::new("/proc");
        assert!(Listener::unix(nowhere).is_err());
        let long = std::env::temp_dir().join("x".repeat(120));
        fs::create_dir_all(&long).unwrap();
        assert!(
            Listener::unix(&long).is_err(),
            "a socket's path has 107 bytes"
        );
        assert_eq!(fs::read_dir(&long).unwrap().count(), 0);
        fs::remove_dir(&long).unwrap();
    }

    #[test]
    fn a_signal_notifies_once_for_each_time_it_is_armed() {
        let (notifier, _stream) = connected();
        let signal = Signal::default();
        signal.notify();
        assert_eq!(keys(&notifier), []);
        signal.arm(&notifier, 5);
        signal.arm(&notifier, 6);
        signal.notify();
        signal.notify();
        assert_eq!(keys(&notifier), [6]);
    }

    #[test]
    fn no_notification_is_lost_between_two_threads() {
        let (notifier, _stream) = connected();
        let signal = Signal::default();
        let news = AtomicU32::new(0);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for _ in 0..10_000 {
                    news.fetch_add(1, Ordering::Relaxed);
                    signal.notify();
                }
            });
            let mut seen = 0;
            while seen < 10_000 {
                signal.arm(&notifier, 1);
                let now = news.load(Ordering::Relaxed);
                if now == seen {
                    let start = std::time::Instant::now();
                    while keys(&notifier).is_empty() {
                        assert!(start.elapsed().as_secs() < 10, "a notification was lost");
                        std::thread::yield_now();
                    }
                }
                seen = news.load(Ordering::Relaxed);
            }
        });
    }
}
