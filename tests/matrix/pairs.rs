//! From every server to every other one: server → vault → other server → vault.
//!
//! `make test-servers` takes every twelfth of the nasty items, and of the usual ones as few; with `DAVAULT_PAIRS=all`, as
//! `make docs/servers.md` sets it, there are all. Servers are started for each crossing, so that each finds an empty account.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use futures_util::{StreamExt, stream};

use super::became::{Became, Items, items};
use super::corpus;
use crate::support::person::Person;
use crate::support::servers::{self, Program, Server};

const PROGRAMS: [Program; 8] = [
    servers::CALYPSO,
    servers::CYRUS,
    servers::DAVICAL,
    servers::GOWEBDAV,
    servers::RADICALE,
    servers::SABREDAV,
    servers::SOGO,
    servers::XANDIKOS,
];

/// So many crossings at the same time: servers and davault share two cores.
const AT_ONCE: usize = 3;

/// An account that was put on a server and backed up there.
struct Filled {
    program: Program,
    /// The snapshot of it.
    snapshot: String,
    /// What the snapshot holds.
    items: Items,
}

#[tokio::test]
#[ignore = "needs the servers of `make servers`"]
async fn every_item_comes_from_every_server_to_every_other_one() {
    let step = if std::env::var("DAVAULT_PAIRS").is_ok_and(|which| which == "all") { 1 } else { 12 };
    let home = Person::with_vault().await;
    let vault = home.path("vault");
    let vault = vault.to_str().expect("a path in UTF-8");
    let made = corpus(&home.path("made"), step);
    let snapshot = snapshot(&home, vault, "./made").await;
    let made = Filled { program: servers::RADICALE, snapshot, items: made };
    let fills = PROGRAMS.into_iter().map(|program| cross(vault, "made", &made, program));
    let mut filled = Vec::new();
    let mut unexplained = Vec::new();
    for (program, (became, back)) in
        PROGRAMS.iter().zip(stream::iter(fills).buffered(AT_ONCE).collect::<Vec<_>>().await)
    {
        unexplained.extend(became.unexplained.iter().map(|what| format!("to {}: {what}", program.name)));
        filled.push(Filled { program: *program, ..back });
    }
    let pairs = || {
        filled.iter().flat_map(|from| PROGRAMS.map(|to| (from, to))).filter(|(from, to)| from.program.name != to.name)
    };
    let crossings = pairs().map(|(from, to)| cross(vault, from.program.name, from, to));
    let became: Vec<_> = stream::iter(crossings).buffered(AT_ONCE).map(|(became, _)| became).collect().await;
    let crossed: Vec<_> = pairs().map(|(from, to)| (from.program.name, to.name)).zip(became).collect();
    for ((from, to), became) in &crossed {
        unexplained.extend(became.unexplained.iter().map(|what| format!("{from} to {to}: {what}")));
    }
    if let Some(folder) = std::env::var_os("DAVAULT_SERVERS") {
        fs::write(Path::new(&folder).join("pairs"), table(made.items.len(), &crossed)).expect("a table");
    }
    assert_eq!(unexplained, [""; 0], "{}", table(made.items.len(), &crossed));
}

/// Puts a snapshot on a server with an empty account, and backs that up.
async fn cross(vault: &str, from: &str, filled: &Filled, to: Program) -> (Became, Filled) {
    let server = Server::start(to).await;
    let person = Person::new();
    let name = format!("{from}-to-{}", to.name);
    person.add(&name, &server).await;
    let location = format!("@{name}");
    let restored = person.run(&["at", vault, "restore", "--json", "-to", &location, &filled.snapshot]).await;
    assert!(matches!(restored.code(), Some(0 | 3)), "{name}: {restored:?}");
    let snapshot = snapshot(&person, vault, &location).await;
    person.ok(&["at", vault, "restore", "-to", "./back", &snapshot]).await;
    let back = items(&person.path("back"));
    let became = Became::of(&filled.items, &back, &restored);
    (became, Filled { program: to, snapshot, items: back })
}

/// Backs up, and returns the snapshot's id.
async fn snapshot(person: &Person, vault: &str, what: &str) -> String {
    let ran = person.run(&["at", vault, "backup", "--json", what]).await;
    assert!(matches!(ran.code(), Some(0 | 3)), "{ran:?}");
    ran.value("/snapshot/id").as_str().expect("an id").to_owned()
}

type Crossed = ((&'static str, &'static str), Became);

/// What came of all crossings, and below it why what did not come was refused and what was altered, for each target.
fn table(items: usize, crossed: &[Crossed]) -> String {
    let mut text =
        format!("{items} items: same bytes / same meaning / altered, and told / refused, and told.\n\n| from, to |");
    for to in PROGRAMS {
        let _ = write!(text, " {} |", to.name);
    }
    let _ = writeln!(text, "\n|{}", "---|".repeat(PROGRAMS.len() + 1));
    for from in PROGRAMS {
        let _ = write!(text, "| {} |", from.name);
        for to in PROGRAMS {
            let found = crossed.iter().find(|((one, other), _)| (*one, *other) == (from.name, to.name));
            let cell = found.map_or("–".to_owned(), |(_, became)| {
                format!("{} / {} / {} / {}", became.exact, became.equal, became.altered(), became.refused())
            });
            let _ = write!(text, " {cell} |");
        }
        text.push('\n');
    }
    text.push_str("\nWhat was altered on the way, by property, and why what did not arrive was refused; counted over all of the servers that it came from:\n\n");
    for to in PROGRAMS {
        let of = || crossed.iter().filter(|((_, other), _)| *other == to.name).map(|(_, became)| became);
        let _ = writeln!(
            text,
            "- **{}**: altered: {}; refused: {}",
            to.name,
            counted(of().map(|became| &became.altered)),
            counted(of().map(|became| &became.refused))
        );
    }
    text
}

fn counted<'a>(of: impl Iterator<Item = &'a BTreeMap<String, Vec<String>>>) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    of.flatten().for_each(|(name, items)| *counts.entry(name).or_default() += items.len());
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by_key(|(name, count)| (std::cmp::Reverse(*count), *name));
    if counts.is_empty() {
        "nothing".into()
    } else {
        counts.iter().map(|(name, count)| format!("{name} ({count})")).collect::<Vec<_>>().join(", ")
    }
}
