//! What a command has asked of its lake's store, said once at its end, with `-v`.

use octolake_store::{Lake, Traffic};

use crate::output::size;

/// Says what the store was asked for, when it is dropped.
#[derive(Debug)]
pub struct Told {
    lake: Lake,
}

impl Told {
    /// Of this lake, all its clones included.
    pub fn of(lake: &Lake) -> Self {
        Self { lake: lake.clone() }
    }
}

impl Drop for Told {
    fn drop(&mut self) {
        tracing::info!("{}", sentence(&self.lake.traffic()));
    }
}

/// `store: 14 GET, 2 LIST, 3.1 MB read; 22 from the cache`.
fn sentence(traffic: &Traffic) -> String {
    let requests = [
        (traffic.gets, "GET"),
        (traffic.heads, "HEAD"),
        (traffic.lists, "LIST"),
        (traffic.puts, "PUT"),
        (traffic.deletes, "DELETE"),
    ];
    let asked = requests.iter().filter(|(number, _)| *number > 0);
    let mut parts: Vec<_> = asked.map(|(number, name)| format!("{number} {name}")).collect();
    if parts.is_empty() {
        parts.push("no requests".into());
    }
    for (bytes, what) in [(traffic.bytes_read, "read"), (traffic.bytes_written, "written")] {
        if bytes > 0 {
            parts.push(format!("{} {what}", size(bytes)));
        }
    }
    let cached = match traffic.from_memory + traffic.from_disk {
        0 => String::new(),
        blocks => format!("; {blocks} from the cache"),
    };
    format!("store: {}{cached}", parts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn traffic_is_one_line() {
        let none = Traffic::default();
        assert_eq!(sentence(&none), "store: no requests");
        let first = Traffic { gets: 14, lists: 2, bytes_read: 3_100_000, ..none };
        assert_eq!(sentence(&first), "store: 14 GET, 2 LIST, 3.1 MB read");
        let second =
            Traffic { gets: 1, heads: 2, bytes_read: 5, from_memory: 2, from_disk: 20, ..none };
        assert_eq!(sentence(&second), "store: 1 GET, 2 HEAD, 5 B read; 22 from the cache");
        let writes = Traffic { puts: 1, deletes: 3, bytes_written: 2_000, ..none };
        assert_eq!(sentence(&writes), "store: 1 PUT, 3 DELETE, 2.0 kB written");
    }
}
