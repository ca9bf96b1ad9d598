//! As much of a broker of old as it takes to be asked for metadata; it notes the names of its clients.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{channel, Receiver, Sender};
use std::thread;

const METADATA: i16 = 3;

/// Listens on a free port until the program ends; what comes back are its address, and the client id of each request.
pub fn start() -> (String, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("its address");
    let (sender, receiver) = channel();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let sender = sender.clone();
            // A client that goes away ends its connection, and that is all.
            thread::spawn(move || serve(stream, address.port(), &sender).ok());
        }
    });
    (address.to_string(), receiver)
}

fn serve(mut stream: TcpStream, port: u16, clients: &Sender<String>) -> io::Result<()> {
    loop {
        let mut number = [0; 4];
        stream.read_exact(&mut number)?;
        let mut request = vec![0; i32::from_be_bytes(number) as usize];
        stream.read_exact(&mut request)?;
        let [api, version] = [0, 2].map(|at| i16::from_be_bytes([request[at], request[at + 1]]));
        let name_len = usize::from(u16::from_be_bytes([request[8], request[9]]));
        let name = String::from_utf8_lossy(&request[10..10 + name_len]);
        let _ = clients.send(name.into_owned());
        if (api, version) != (METADATA, 0) {
            // What is not known ends the connection, as before there was ApiVersions.
            return Ok(());
        }
        let mut answer = request[4..8].to_vec();
        // One broker, number 1, which is this one, and no topic.
        answer.extend([1i32, 1].map(i32::to_be_bytes).concat());
        answer.extend(9i16.to_be_bytes());
        answer.extend(b"127.0.0.1");
        answer.extend([i32::from(port), 0].map(i32::to_be_bytes).concat());
        stream.write_all(&(answer.len() as i32).to_be_bytes())?;
        stream.write_all(&answer)?;
    }
}
