//! Where an event loop that cannot block hears that there may be something new.
//!
//! nginx can wait for a socket and for nothing else. A hub is one end of a unix socket whose other end the event loop
//! reads: a byte comes when one of the things it has asked about may have changed, and then it takes their keys.

use std::ffi::{CStr, CString};
use std::fs::{self, DirBuilder};
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::atomic::{fence, AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};

use crossbeam_queue::SegQueue;

use super::error::{Error, Result};
use crate::process::{self, Generation};
use crate::rd::Code;

/// One event loop's end.
pub struct Hub {
    directory: Directory,
    path: CString,
    listener: Mutex<Option<UnixListener>>,
    /// Once somebody has connected.
    stream: OnceLock<UnixStream>,
    /// Whether a byte is on its way: one is enough.
    is_told: AtomicBool,
    ready: SegQueue<u64>,
    is_ended: AtomicBool,
}

/// An event loop has one hub for each of its Lua states, of which nginx has one for HTTP and one for streams.
const HUBS_MAX: usize = 2;

/// Those of this process.
static HUBS: Mutex<(Option<Generation>, Vec<Weak<Hub>>)> = Mutex::new((None, Vec::new()));

/// A directory that only this user may look into; gone with this.
struct Directory(PathBuf);

impl Directory {
    fn new() -> io::Result<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let mut builder = DirBuilder::new();
        builder.mode(0o700);
        loop {
            let number = COUNT.fetch_add(1, Ordering::Relaxed);
            let name = format!("kafka-ffi.{}.{number}", std::process::id());
            let path = std::env::temp_dir().join(name);
            match builder.create(&path) {
                // Left behind by a process that was killed, or put there by somebody else: not to be used.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists && number < 1 << 16 => {}
                created => return created.map(|()| Self(path)),
            }
        }
    }

    fn socket(&self) -> PathBuf {
        self.0.join("hub")
    }

    fn remove(&self) {
        let _ = fs::remove_file(self.socket());
        let _ = fs::remove_dir(&self.0);
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        self.remove();
    }
}

impl Hub {
    /// Makes one that waits for its event loop to connect to [`Self::path`].
    pub fn new() -> Result<Self> {
        let failed = |error: io::Error| Error::invalid(format!("no socket for a hub: {error}"));
        let directory = Directory::new().map_err(failed)?;
        let socket = directory.socket();
        let path = CString::new(socket.as_os_str().as_bytes()).map_err(|e| failed(e.into()))?;
        let listener = UnixListener::bind(&socket).map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        Ok(Self {
            directory,
            path,
            listener: Mutex::new(Some(listener)),
            stream: OnceLock::new(),
            is_told: AtomicBool::new(false),
            ready: SegQueue::new(),
            is_ended: AtomicBool::new(false),
        })
    }

    /// Makes one for a Lua state. Where there are more than there can be, a state is made for each request: then each
    /// hub would keep its state alive for ever, so all of them end.
    pub fn for_state() -> Result<Arc<Self>> {
        let hub = Arc::new(Self::new()?);
        let mut hubs = HUBS.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Some(Generation::current());
        if hubs.0 != now {
            *hubs = (now, Vec::new());
        }
        let (_, known) = &mut *hubs;
        if known.len() <= HUBS_MAX {
            known.retain(|hub| hub.strong_count() > 0);
            known.push(Arc::downgrade(&hub));
        }
        if known.len() <= HUBS_MAX {
            return Ok(hub);
        }
        for hub in known.iter().filter_map(Weak::upgrade) {
            hub.is_ended.store(true, Ordering::Relaxed);
            hub.wake();
        }
        let text = "no hub for a Lua state that lasts for one request";
        Err(Error::new(Code::STATE.0, text))
    }

    /// The socket to connect to.
    pub fn path(&self) -> &CStr {
        &self.path
    }

    /// Takes the connection that the event loop has made, which is all it takes ever.
    pub fn accept(&self) -> Result<()> {
        let refused = |text: String| Error::new(Code::STATE.0, text);
        let mut listener = self.listener.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(waiting) = listener.as_ref() else {
            return Err(refused("this hub has its connection already".into()));
        };
        let failed = |error: io::Error| refused(format!("no connection to a hub: {error}"));
        let (stream, _) = waiting.accept().map_err(failed)?;
        if !process::is_connected_to_itself(&stream) {
            return Err(refused("another process has connected to a hub".into()));
        }
        stream.set_nonblocking(true).map_err(failed)?;
        *listener = None;
        self.directory.remove();
        // The lock keeps others out.
        let stream = self.stream.get_or_init(|| stream);
        if self.is_told.load(Ordering::SeqCst) {
            tell(stream);
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
        if !self.is_told.swap(true, Ordering::SeqCst) {
            if let Some(stream) = self.stream.get() {
                tell(stream);
            }
        }
    }

    /// Begins to look: what comes from here on is told anew. Then take keys until there is none. An error if the event
    /// loop is to do without this hub.
    pub fn begin(&self) -> Result<()> {
        self.is_told.store(false, Ordering::SeqCst);
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

fn tell(mut stream: &UnixStream) {
    // It can only be full where the event loop has gone, as there is no more than one byte on its way.
    let _ = stream.write(&[0]);
}

/// Who wants to hear, once, that there may be something new.
#[derive(Default)]
pub struct Bell {
    is_wanted: AtomicBool,
    wanted: Mutex<Option<(Arc<Hub>, u64)>>,
}

impl Bell {
    /// Has the next [`Self::ring`] tell a hub. Look afterwards whether there is something already.
    pub fn want(&self, hub: &Arc<Hub>, key: u64) {
        *self.wanted.lock().unwrap_or_else(PoisonError::into_inner) = Some((Arc::clone(hub), key));
        self.is_wanted.store(true, Ordering::Relaxed);
        // Pairs with the one in ring(): either the ringer sees that it is wanted, or who wants it sees the news.
        fence(Ordering::SeqCst);
    }

    /// There may be something new.
    #[inline]
    pub fn ring(&self) {
        fence(Ordering::SeqCst);
        if self.is_wanted.load(Ordering::Relaxed) {
            self.tell();
        }
    }

    #[cold]
    fn tell(&self) {
        if self.is_wanted.swap(false, Ordering::Relaxed) {
            let wanted = self
                .wanted
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take();
            if let Some((hub, key)) = wanted {
                hub.notify(key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;
    use std::os::unix::ffi::OsStrExt;
    use std::path::Path;

    fn path(hub: &Hub) -> PathBuf {
        Path::new(std::ffi::OsStr::from_bytes(hub.path().to_bytes())).to_owned()
    }

    fn keys(hub: &Hub) -> Vec<u64> {
        hub.begin().unwrap();
        std::iter::from_fn(|| hub.pop()).collect()
    }

    fn connected() -> (Arc<Hub>, UnixStream) {
        let hub = Arc::new(Hub::new().unwrap());
        let stream = UnixStream::connect(path(&hub)).unwrap();
        stream.set_nonblocking(true).unwrap();
        hub.accept().unwrap();
        (hub, stream)
    }

    fn bytes_there(mut stream: &UnixStream) -> usize {
        stream.read(&mut [0; 16]).unwrap_or(0)
    }

    #[test]
    fn many_keys_are_one_byte_until_somebody_looks() {
        let (hub, stream) = connected();
        assert_eq!(bytes_there(&stream), 0);
        (1..=3).for_each(|key| hub.notify(key));
        assert_eq!(bytes_there(&stream), 1);
        assert_eq!(keys(&hub), [1, 2, 3]);
        hub.notify(4);
        assert_eq!(bytes_there(&stream), 1);
    }

    #[test]
    fn what_came_before_the_connection_is_told_after_it() {
        let hub = Hub::new().unwrap();
        hub.notify(7);
        let stream = UnixStream::connect(path(&hub)).unwrap();
        stream.set_nonblocking(true).unwrap();
        hub.accept().unwrap();
        assert_eq!(bytes_there(&stream), 1);
        assert_eq!(keys(&hub), [7]);
    }

    #[test]
    fn its_socket_is_private_and_goes_away() {
        use std::os::unix::fs::PermissionsExt;
        let hub = Hub::new().unwrap();
        let socket = path(&hub);
        let directory = socket.parent().unwrap().to_owned();
        let mode = fs::metadata(&directory).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
        assert!(hub.accept().is_err(), "nobody has connected");
        let _stream = UnixStream::connect(&socket).unwrap();
        hub.accept().unwrap();
        assert!(!directory.exists());
        assert!(hub.accept().is_err(), "one connection is all there is");

        let unused = Hub::new().unwrap();
        let directory = path(&unused).parent().unwrap().to_owned();
        drop(unused);
        assert!(!directory.exists());
    }

    #[test]
    fn a_bell_rings_once_for_each_time_it_is_wanted() {
        let (hub, _stream) = connected();
        let bell = Bell::default();
        bell.ring();
        assert_eq!(keys(&hub), []);
        bell.want(&hub, 5);
        bell.want(&hub, 6);
        bell.ring();
        bell.ring();
        assert_eq!(keys(&hub), [6]);
    }

    #[test]
    fn no_ring_is_lost_between_two_threads() {
        let (hub, _stream) = connected();
        let bell = Bell::default();
        let news = AtomicU32::new(0);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for _ in 0..10_000 {
                    news.fetch_add(1, Ordering::Relaxed);
                    bell.ring();
                }
            });
            let mut seen = 0;
            while seen < 10_000 {
                bell.want(&hub, 1);
                let now = news.load(Ordering::Relaxed);
                if now == seen {
                    let start = std::time::Instant::now();
                    while keys(&hub).is_empty() {
                        assert!(start.elapsed().as_secs() < 10, "a ring was lost");
                        std::thread::yield_now();
                    }
                }
                seen = news.load(Ordering::Relaxed);
            }
        });
    }
}
