//! As much of a broker as it takes to see a client's first SASL message.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{channel, Receiver, Sender};
use std::thread;

const SASL_HANDSHAKE: i16 = 17;
const API_VERSIONS: i16 = 18;

/// Listens on a free port; what comes back are its address and each first message.
pub fn start(mechanism: &'static str) -> (String, Receiver<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("its address").to_string();
    let (sender, receiver) = channel();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let sender = sender.clone();
            // A client that goes away ends its connection, and that is all.
            thread::spawn(move || serve(stream, mechanism, &sender).ok());
        }
    });
    (address, receiver)
}

fn serve(mut stream: TcpStream, mechanism: &str, seen: &Sender<Vec<u8>>) -> io::Result<()> {
    loop {
        let request = frame(&mut stream)?;
        let api = i16::from_be_bytes([request[0], request[1]]);
        let mut answer = request[4..8].to_vec();
        match api {
            API_VERSIONS => {
                // Version 3: no error, a compact array of three, no throttling, no tags.
                answer.extend([0, 0, 4]);
                for (key, most) in [(SASL_HANDSHAKE, 0i16), (API_VERSIONS, 3), (3, 4)] {
                    answer.extend(key.to_be_bytes());
                    answer.extend([0, 0]);
                    answer.extend(most.to_be_bytes());
                    answer.push(0);
                }
                answer.extend([0, 0, 0, 0, 0]);
            }
            SASL_HANDSHAKE => {
                answer.extend([0, 0, 0, 0, 0, 1]);
                answer.extend((mechanism.len() as i16).to_be_bytes());
                answer.extend(mechanism.as_bytes());
            }
            _ => return Ok(()),
        }
        stream.write_all(&(answer.len() as i32).to_be_bytes())?;
        stream.write_all(&answer)?;
        // After a handshake of version 0, SASL's own messages follow, bare.
        if api == SASL_HANDSHAKE {
            let message = frame(&mut stream)?;
            let _ = seen.send(message);
        }
    }
}

fn frame(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut length = [0; 4];
    stream.read_exact(&mut length)?;
    let mut bytes = vec![0; i32::from_be_bytes(length) as usize];
    stream.read_exact(&mut bytes)?;
    Ok(bytes)
}
