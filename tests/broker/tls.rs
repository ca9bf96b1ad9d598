//! TLS before a broker that has none.

use std::fmt::Write;
use std::fs;
use std::net::TcpStream;
use std::process::{Child, Stdio};
use std::time::Duration;

use crate::process::within;
use crate::workbench::certificates::Certificate;
use crate::workbench::{program, Scratch};

/// stunnel, which speaks TLS on `port` and hands on to another; ended when dropped.
pub struct Tls(Child);

impl Tls {
    /// `more`: lines of its configuration besides.
    pub fn start(
        scratch: &Scratch,
        port: u16,
        target: u16,
        server: &Certificate,
        more: &str,
    ) -> Self {
        let mut conf = String::from("foreground = yes\npid =\nsyslog = no\n[kafka]\n");
        let _ = write!(
            conf,
            "accept = 127.0.0.1:{port}\nconnect = 127.0.0.1:{target}\ncert = {}\nkey = {}\n{more}",
            server.certificate.display(),
            server.key.display()
        );
        let file = scratch.path(&format!("stunnel-{port}.conf"));
        fs::write(&file, conf).expect("stunnel's configuration");
        let mut child = program("stunnel")
            .arg(&file)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("stunnel starts");
        let listens = within(Duration::from_secs(20), || {
            let ended = child.try_wait().expect("stunnel's status");
            assert!(ended.is_none(), "stunnel ended at once");
            TcpStream::connect(("127.0.0.1", port)).is_ok()
        });
        assert!(listens, "stunnel does not listen");
        Self(child)
    }
}

impl Drop for Tls {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
