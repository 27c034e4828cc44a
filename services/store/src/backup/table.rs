//! The tables of a backup, from the catalogue.

use serde::{Deserialize, Serialize};
use tokio_postgres::Client;

use crate::{StoreError, check::walls::quoted, row};

/// The runner's own: a restore runs the same migrations instead.
const MIGRATIONS: &str = "public.konstruct_migration";

/// Those that it refers to come with each table. A rebuild under way, and what was live before the last
/// one, are made again.
const TABLES: &str = "
    select n.nspname::text || '.' || c.relname::text,
           array(select a.attname::text from pg_attribute a
                  where a.attrelid = c.oid and 0 < a.attnum and not a.attisdropped
                    and a.attgenerated = '' order by a.attnum),
           array(select distinct pn.nspname::text || '.' || p.relname::text from pg_constraint k
                   join pg_class p on p.oid = k.confrelid
                   join pg_namespace pn on pn.oid = p.relnamespace
                  where k.conrelid = c.oid and k.contype = 'f' and k.confrelid <> c.oid),
           greatest(c.reltuples, 0)::bigint
      from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
       and n.nspname not in ('models_next', 'models_previous')
       and c.relkind = 'r' and n.nspname::text || '.' || c.relname::text <> $1
     order by 1";

/// A table, and what of it is copied.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Table {
    /// Its name, with its schema.
    pub name: String,
    /// Its columns, but for those that the server computes.
    pub columns: Vec<String>,
    /// About how many rows it has.
    #[serde(skip)]
    pub about: u64,
}

impl Table {
    /// As it stands in a statement; the name is the catalogue's.
    pub(super) fn quoted(&self) -> String {
        quoted(&self.name)
    }

    pub(super) fn copy_out(&self) -> String {
        let (columns, table) = (self.listed(), self.quoted());
        format!("copy (select {columns} from {table} where {}) to stdout", self.kept())
    }

    pub(super) fn copy_in(&self) -> String {
        format!("copy {} ({}) from stdin", self.quoted(), self.listed())
    }

    fn listed(&self) -> String {
        self.columns.iter().map(|column| quoted(column)).collect::<Vec<_>>().join(", ")
    }

    /// What is said of generations goes with them.
    fn kept(&self) -> &'static str {
        match self.name.as_str() {
            "public.generation" => "name = 'base'",
            "public.checkpoint" => "name not like 'next/%' and name not like 'previous/%'",
            _ => "true",
        }
    }

    /// What migrations write into a new database.
    pub(super) fn seeded(&self) -> &'static str {
        match self.name.as_str() {
            "public.generation" => "name = 'base'",
            "public.checkpoint" => "seq = 0",
            _ => "false",
        }
    }
}

/// A table with those that it refers to.
struct Found {
    table: Table,
    parents: Vec<String>,
}

/// Every table, in the order in which they are filled.
pub(super) async fn all(client: &Client) -> Result<Vec<Table>, StoreError> {
    let mut found = Vec::new();
    for row in client.query(TABLES, &[&MIGRATIONS]).await? {
        let (name, columns) = (row.try_get(0)?, row.try_get(1)?);
        let about = row::count(row.try_get(3)?)?;
        found.push(Found { table: Table { name, columns, about }, parents: row.try_get(2)? });
    }
    Ok(parents_first(found))
}

/// What others refer to comes before them. Tables in a circle come last, and the server says so.
fn parents_first(mut left: Vec<Found>) -> Vec<Table> {
    let mut sorted: Vec<Table> = Vec::new();
    while !left.is_empty() {
        let is_there = |parent: &String| sorted.iter().any(|table| table.name == *parent);
        let (ready, rest): (Vec<_>, Vec<_>) =
            left.into_iter().partition(|it| it.parents.iter().all(is_there));
        if ready.is_empty() {
            sorted.extend(rest.into_iter().map(|it| it.table));
            break;
        }
        sorted.extend(ready.into_iter().map(|it| it.table));
        left = rest;
    }
    sorted
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(name: &str) -> Table {
        Table { name: name.to_owned(), columns: vec!["id".to_owned(), "a\"b".to_owned()], about: 0 }
    }

    #[test]
    fn what_others_refer_to_comes_first_and_a_circle_ends() {
        let cases = [
            (&[("a", "b c"), ("b", "c"), ("c", ""), ("d", "")][..], "c d b a"),
            (&[("a", "b"), ("b", "a"), ("c", "")][..], "c a b"),
            (&[][..], ""),
        ];
        for (tables, want) in cases {
            let found = tables.iter().map(|(name, parents)| Found {
                table: table(name),
                parents: parents.split_whitespace().map(str::to_owned).collect(),
            });
            let sorted = parents_first(found.collect());
            let names: Vec<_> = sorted.iter().map(|table| table.name.as_str()).collect();
            assert_eq!(names.join(" "), want);
        }
    }

    #[test]
    fn names_are_quoted_and_what_is_made_again_is_left_out() {
        assert_eq!(
            table("public.reply").copy_out(),
            r#"copy (select "id", "a""b" from "public"."reply" where true) to stdout"#
        );
        assert_eq!(
            table("public.reply").copy_in(),
            r#"copy "public"."reply" ("id", "a""b") from stdin"#
        );
        let checkpoint = table("public.checkpoint").copy_out();
        assert!(checkpoint.contains("not like 'next/%'"), "{checkpoint}");
    }
}
