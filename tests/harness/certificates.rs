//! Certificates for a test, made by openssl.

use std::path::PathBuf;

use super::{program, run, Scratch};

/// A certificate and its key, as PEM files.
pub struct Certificate {
    pub certificate: PathBuf,
    pub key: PathBuf,
}

impl Certificate {
    /// One that it has signed itself. `names`: as `DNS:localhost,IP:127.0.0.1`.
    pub fn self_signed(scratch: &Scratch, file: &str, names: &str) -> Self {
        Self::make(scratch, file, names, None)
    }

    /// One that this one has signed.
    pub fn sign(&self, scratch: &Scratch, file: &str, names: &str) -> Self {
        Self::make(scratch, file, names, Some(self))
    }

    fn make(scratch: &Scratch, file: &str, names: &str, signer: Option<&Self>) -> Self {
        let made = Self {
            certificate: scratch.path(&format!("{file}.pem")),
            key: scratch.path(&format!("{file}.key")),
        };
        let mut openssl = program("openssl");
        openssl
            .args(["req", "-x509", "-newkey", "ec", "-nodes", "-days", "2"])
            .args(["-pkeyopt", "ec_paramgen_curve:P-256"])
            .args(["-subj", &format!("/CN={file}")])
            .args(["-addext", &format!("subjectAltName={names}")])
            .arg("-keyout")
            .arg(&made.key)
            .arg("-out")
            .arg(&made.certificate);
        if let Some(signer) = signer {
            openssl.arg("-CA").arg(&signer.certificate);
            openssl.arg("-CAkey").arg(&signer.key);
        }
        run(&mut openssl);
        made
    }
}
