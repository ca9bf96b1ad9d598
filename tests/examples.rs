//! The examples do what they say, on a cluster of their own and on another's broker.

mod workbench;

use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use workbench::{program, run, said, Scratch};

fn quickstart() -> Command {
    let mut command = program("make");
    command.arg("run");
    command
}

/// The broker of another project, in a process of its own.
struct Broker {
    child: Child,
    address: String,
    _log: Scratch,
}

impl Broker {
    fn start() -> Self {
        let address = free_address();
        let log = Scratch::new();
        let output = std::fs::File::create(log.path("log")).expect("a log file");
        let child = program("tansu")
            .current_dir(log.path(""))
            .args(["broker", "--storage-engine", "memory://tansu/"])
            .args(["--cluster-id", "examples"])
            .args(["--listener-url", &format!("tcp://{address}")])
            .args(["--advertised-listener-url", &format!("tcp://{address}")])
            .stdin(Stdio::null())
            .stdout(output.try_clone().expect("a log file"))
            .stderr(output)
            .spawn()
            .expect("tansu");
        let broker = Broker {
            child,
            address,
            _log: log,
        };
        let until = Instant::now() + Duration::from_secs(20);
        while TcpStream::connect(&broker.address).is_err() {
            assert!(Instant::now() < until, "tansu does not listen");
            sleep(Duration::from_millis(50));
        }
        broker
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free_address() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("its address").to_string()
}

#[test]
fn quickstart_runs_on_a_cluster_of_its_own() {
    let told = run(&mut quickstart());
    assert!(told.contains("(inside this process"), "{told}");
    assert!(told.contains("delivered  1 000 of 1 000"), "{told}");
    assert!(told.contains("none lost, none altered"), "{told}");
}

#[test]
fn quickstart_runs_on_a_broker() {
    let broker = Broker::start();
    // Twice: the second run must not take the first one's messages for its own.
    for _ in 0..2 {
        let told = run(quickstart()
            .env("BROKERS", &broker.address)
            .env("TOPIC", "examples"));
        assert!(told.contains("topic      examples"), "{told}");
        assert!(told.contains("none lost, none altered"), "{told}");
    }
}

#[test]
fn quickstart_fails_without_a_broker() {
    let output = quickstart()
        .env("BROKERS", free_address())
        .output()
        .expect("make");
    let told = said(&output);
    assert!(!output.status.success(), "{told}");
    assert!(told.contains("Is there a broker at 127.0.0.1:"), "{told}");
}
