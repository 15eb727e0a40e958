//! Where and when, and with what, a figure was taken.

use std::{fs, process::Command};

use crate::here;

/// The processor's name, its threads, the system.
pub(crate) fn describe() -> String {
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let field = |name: &str| {
        let line = cpu.lines().find(|line| line.starts_with(name))?;
        line.split_once(':').map(|(_, value)| value.trim().to_owned())
    };
    let name = field("model name").unwrap_or_else(|| std::env::consts::ARCH.to_owned());
    let (family, model) = (field("cpu family").unwrap_or_default(), field("model\t").unwrap_or_default());
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let vectors = ["avx512bw", "avx2", "sse4_2"].into_iter().find(|unit| cpu.contains(unit)).unwrap_or("no");
    format!("{name} (family {family}, model {model}, {vectors} the widest), {threads} cores, {}", std::env::consts::OS)
}

/// The name of a folder for what was measured on the machine described so: its letters and digits, in words.
pub(crate) fn folder_name(description: &str) -> String {
    let plain = description.to_lowercase().replace("(r)", "").replace("(tm)", "");
    let words = plain.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("-")
}

/// The compiler.
pub(crate) fn compiler() -> String {
    told("rustc", &["--version"])
}

/// Today, as year-month-day.
pub(crate) fn date() -> String {
    told("date", &["-u", "+%F"])
}

/// The versions of all crates that a group's packages name, from the lock file.
pub(crate) fn versions() -> Vec<(String, String)> {
    let lock = fs::read_to_string(here().join("Cargo.lock")).unwrap_or_default();
    let mut found = Vec::new();
    let mut name = "";
    for line in lock.lines() {
        let value = |key| line.strip_prefix(key).map(|rest: &str| rest.trim_matches('"'));
        if let Some(value) = value("name = ") {
            name = value;
        } else if let Some(value) = value("version = ") {
            found.push((name.to_owned(), value.to_owned()));
        }
    }
    found
}

fn told(program: &str, args: &[&str]) -> String {
    let output = Command::new(program).args(args).output();
    output.map_or_else(|_| "unknown".to_owned(), |output| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::folder_name;

    #[test]
    fn a_folder_is_named_after_its_machine_in_letters_and_digits() {
        let described = "Intel(R) Xeon(R) @ 2.50GHz (family 6, model 85, avx512bw the widest), 2 cores, linux";
        let name = "intel-xeon-2-50ghz-family-6-model-85-avx512bw-the-widest-2-cores-linux";
        assert_eq!(folder_name(described), name);
    }
}
