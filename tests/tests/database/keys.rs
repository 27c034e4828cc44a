use domain::{
    seal::{MasterKey, Owner, Sealing},
    secret::Secret,
};
use konstruct_tests::postgres::raw;
use store::{Database, Keys, StoreError, keys::Masters, rotate::rotate, secrets::Secrets};

use crate::{World, at, tenant, world};

fn master(digit: &str) -> MasterKey {
    MasterKey::parse(&digit.repeat(64)).unwrap()
}

fn keys(db: &Database, master_key: &str) -> Keys {
    Keys::new(db.clone(), Masters::new(master(master_key), Vec::new()), 100)
}

#[tokio::test]
async fn everybody_gets_the_same_key_however_many_ask_first() {
    let World { db, test, .. } = world().await;
    let acme = tenant("acme");
    let owner = Owner { tenant: &acme, of: "m1" };
    let workers: Vec<_> = (0..8)
        .map(|_| {
            let (keys, acme) = (keys(&db, "1"), acme.clone());
            tokio::spawn(async move { keys.get(&acme, at(0)).await.unwrap() })
        })
        .collect();
    let mut sealed = Vec::new();
    for worker in workers {
        sealed.push(Sealing::On(worker.await.unwrap()).seal(owner, "hello"));
    }
    assert!(sealed.iter().all(|text| *text == sealed[0]));
    let admin = raw(&test.superuser_url()).await.unwrap();
    let count: i64 = admin.query_one("select count(*) from tenant_key", &[]).await.unwrap().get(0);
    assert_eq!(count, 1);
}

#[tokio::test]
async fn a_forgotten_key_makes_texts_and_secrets_unreadable_for_good() {
    let world = world().await;
    let db = world.db.clone();
    let (acme, other) = (tenant("acme"), tenant("other"));
    let keys = keys(&db, "1");
    let secrets = Secrets::new(db.clone(), keys.clone());
    let token = Secret::from("xoxb-1".to_owned());
    secrets.put(&acme, "slack", &token, at(0)).await.unwrap();
    secrets.put(&other, "slack", &token, at(0)).await.unwrap();
    assert_eq!(secrets.get(&acme, "slack", at(0)).await.unwrap(), Some(token.clone()));
    assert_eq!(secrets.get(&acme, "none", at(0)).await.unwrap(), None);
    let owner = Owner { tenant: &acme, of: "m1" };
    let sealed = Sealing::On(keys.get(&acme, at(0)).await.unwrap()).seal(owner, "hello");

    keys.forget(&acme, at(1)).await.unwrap();
    keys.forget(&acme, at(2)).await.unwrap();
    assert!(matches!(keys.get(&acme, at(3)).await, Err(StoreError::KeyGone(_))));
    assert!(matches!(secrets.get(&acme, "slack", at(3)).await, Err(StoreError::KeyGone(_))));
    let stranger = Sealing::On(keys.get(&other, at(3)).await.unwrap());
    assert!(stranger.open(owner, &sealed).is_err());
    assert_eq!(secrets.get(&other, "slack", at(3)).await.unwrap(), Some(token));
}

#[tokio::test]
async fn a_table_holds_no_key_and_no_secret_in_the_clear() {
    let World { db, test, .. } = world().await;
    let acme = tenant("acme");
    let secrets = Secrets::new(db.clone(), keys(&db, "1"));
    secrets.put(&acme, "slack", &Secret::from("xoxb-tell-nobody".to_owned()), at(0)).await.unwrap();
    let admin = raw(&test.superuser_url()).await.unwrap();
    let sql = "select string_agg(s::text, '') || (select string_agg(k::text, '') from tenant_key k)
                 from secret s";
    let dump: String = admin.query_one(sql, &[]).await.unwrap().get(0);
    assert!(!dump.contains("tell-nobody"), "{dump}");
    // A secret moved to another name, or another tenant's row, does not open.
    admin.execute("update secret set name = 'other'", &[]).await.unwrap();
    assert!(matches!(secrets.get(&acme, "other", at(0)).await, Err(StoreError::Seal(_))));
}

#[tokio::test]
async fn another_master_key_takes_over_while_services_run() {
    let World { db, platform, test } = world().await;
    let before = keys(&db, "1");
    for n in 0..7 {
        let secrets = Secrets::new(db.clone(), before.clone());
        let secret = Secret::from(format!("token {n}"));
        secrets.put(&tenant(&format!("t{n}")), "slack", &secret, at(0)).await.unwrap();
    }
    before.forget(&tenant("t6"), at(1)).await.unwrap();

    let wrong = Masters::new(master("3"), Vec::new());
    let error = rotate(&platform, &wrong, "test").await.unwrap_err().to_string();
    assert!(error.contains("is wrapped with another master key"), "{error}");
    let both = || Masters::new(master("2"), vec![master("1")]);
    assert_eq!(rotate(&platform, &both(), "test").await.unwrap(), 6);
    assert_eq!(rotate(&platform, &both(), "test").await.unwrap(), 0);

    let after = Secrets::new(db.clone(), keys(&db, "2"));
    for n in 0..6 {
        let secret = after.get(&tenant(&format!("t{n}")), "slack", at(2)).await.unwrap();
        assert_eq!(secret, Some(Secret::from(format!("token {n}"))));
    }
    let old = Secrets::new(db.clone(), keys(&db, "1"));
    assert!(matches!(old.get(&tenant("t0"), "slack", at(2)).await, Err(StoreError::Seal(_))));
    let admin = raw(&test.superuser_url()).await.unwrap();
    let sql = "select count(*) from platform_audit where purpose = 'rotate-master-key' and actor = 'test'";
    assert!(3 <= admin.query_one(sql, &[]).await.unwrap().get::<_, i64>(0), "it is on record");
}
