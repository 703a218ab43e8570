//! The folder that a bank's own client reads.

use std::{
    fs::{self, File, OpenOptions},
    io::{ErrorKind, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::PathBuf,
};

use purser_engine::ports::{FolderError, Outbox};

/// Files for the bank, readable for this system's user alone.
#[derive(Debug, Clone)]
pub struct Folder {
    /// Where.
    pub path: PathBuf,
}

fn failed(doing: &str) -> impl Fn(std::io::Error) -> FolderError {
    let doing = doing.to_owned();
    move |error| FolderError { text: format!("{doing}: {error}"), placed: false }
}

impl Outbox for Folder {
    /// Written under another name, made durable, and only then given its own: whoever looks sees all of it or nothing.
    fn put(&self, name: &str, content: &[u8]) -> Result<(), FolderError> {
        if self.has(name, content)? {
            return Ok(());
        }
        let target = self.path.join(name);
        let waiting = self.path.join(format!(".{name}.part"));
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&waiting)
            .map_err(failed("making a file in the bank's folder"))?;
        file.write_all(content).map_err(failed("writing into the bank's folder"))?;
        file.sync_all().map_err(failed("making a file of the bank's folder durable"))?;
        fs::rename(&waiting, &target).map_err(failed("naming a file of the bank's folder"))?;
        let folder = File::open(&self.path).and_then(|folder| folder.sync_all());
        // Whoever reads the folder may have the file by now.
        folder.map_err(|error| FolderError {
            placed: true,
            ..failed("making the bank's folder durable")(error)
        })
    }

    fn has(&self, name: &str, content: &[u8]) -> Result<bool, FolderError> {
        match fs::read(self.path.join(name)) {
            Ok(there) if there == content => Ok(true),
            Ok(_) => {
                let text = format!("{name} is in the bank's folder with another content");
                Err(FolderError { text, placed: false })
            }
            // A folder that is not there holds no file because of that, not because a client took it.
            Err(error) if error.kind() == ErrorKind::NotFound && self.path.is_dir() => Ok(false),
            Err(error) => Err(failed("looking into the bank's folder")(error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_put_whole_and_once() {
        let dir = tempfile::tempdir().unwrap();
        let folder = Folder { path: dir.path().to_owned() };
        fs::write(dir.path().join(".a.xml.part"), "half").unwrap();
        for _ in 0..2 {
            folder.put("a.xml", b"whole").unwrap();
        }
        let names: Vec<_> = fs::read_dir(dir.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
        assert_eq!(names, ["a.xml"]);
        assert_eq!(fs::read(dir.path().join("a.xml")).unwrap(), b"whole");
        assert!(folder.put("a.xml", b"other").is_err());
        assert_eq!((folder.has("a.xml", b"whole"), folder.has("b.xml", b"x")), (Ok(true), Ok(false)));
        let absent = Folder { path: dir.path().join("absent") };
        assert!(absent.put("b.xml", b"x").is_err() && absent.has("b.xml", b"x").is_err());
    }
}
