//! The network between clients and a broker, which can fail.

use std::io;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// Hands every connection to its port on to another. Dropping it ends them all,
/// and listens no more.
pub struct Proxy {
    stopping: Arc<AtomicBool>,
    streams: Arc<Mutex<Vec<TcpStream>>>,
    acceptor: Option<JoinHandle<()>>,
}

impl Proxy {
    pub fn start(port: u16, target: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).expect("the proxy's port");
        listener.set_nonblocking(true).expect("a listener to poll");
        let stopping = Arc::new(AtomicBool::new(false));
        let streams = Arc::new(Mutex::new(Vec::new()));
        let (stop, all) = (Arc::clone(&stopping), Arc::clone(&streams));
        let acceptor = thread::spawn(move || {
            while !stop.load(Ordering::Relaxed) {
                match listener.accept() {
                    Ok((client, _)) => connect(client, target, &all),
                    Err(_) => thread::sleep(Duration::from_millis(5)),
                }
            }
        });
        Self {
            stopping,
            streams,
            acceptor: Some(acceptor),
        }
    }
}

fn connect(client: TcpStream, target: u16, all: &Mutex<Vec<TcpStream>>) {
    let Ok(broker) = TcpStream::connect(("127.0.0.1", target)) else {
        return;
    };
    // The listener's mode must not be the connection's.
    client.set_nonblocking(false).expect("a blocking stream");
    let ways = [(&client, &broker), (&broker, &client)];
    for (from, to) in ways {
        let (mut from, mut to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
        thread::spawn(move || {
            let _ = io::copy(&mut from, &mut to);
            let _ = to.shutdown(Shutdown::Both);
        });
    }
    all.lock().unwrap().extend([client, broker]);
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::Relaxed);
        if let Some(acceptor) = self.acceptor.take() {
            let _ = acceptor.join();
        }
        for stream in self.streams.lock().unwrap().drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}
