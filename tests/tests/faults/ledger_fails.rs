//! The database fails for a moment, and what is known must not be forgotten.

use konstruct_tests::{
    fake_slack::{Act, Fault},
    postgres::raw,
};

use crate::{CHANNEL, Load, TEAM, ask, log, settled, started};

/// Slack says 429, so the call was not carried out; the database refuses twice to write that down.
#[tokio::test]
async fn a_definite_no_outlasts_the_moment_in_which_it_cannot_be_written_down() {
    let it = started().await.unwrap();
    let client = raw(&it.database.superuser_url()).await.unwrap();
    let hiccup = "
        create sequence hiccup; grant usage on sequence hiccup to public;
        create function hiccup() returns trigger language plpgsql as $$
        begin
            if old.state = 'sending' and new.state = 'planned' and old.what = 'post'
               and nextval('hiccup') <= 2 then
                raise exception using errcode = '57P01', message = 'the server is told to stop';
            end if;
            return new;
        end $$;
        grant execute on function hiccup() to public;
        create trigger hiccup before update on effect for each row execute function hiccup();";
    client.batch_execute(hiccup).await.unwrap();
    let refused = Act::Code("restricted_action".to_owned());
    let later = Act::RateLimited { retry_after_s: 1 };
    it.slack.fail(Fault::new(refused).method("chat.postMessage").nth(1));
    it.slack.fail(Fault::new(later).method("chat.postMessage").nth(1));
    let spoken = ask(&it, "hello").await.unwrap();
    let states = settled(&it, 1).await.unwrap();
    assert_eq!(states[0].1, "delivered");
    assert_eq!(it.slack.replies(TEAM, CHANNEL, &spoken.ts).len(), 1);
    let hiccups: i64 = client.query_one("select last_value from hiccup", &[]).await.unwrap().get(0);
    assert!(2 <= hiccups, "the database never refused");
}

#[tokio::test]
async fn a_thread_that_slack_holds_off_leaves_few_copies_on_the_log() {
    const MESSAGES: usize = 40;
    let it = started().await.unwrap();
    let later = Act::RateLimited { retry_after_s: 6 };
    it.slack.fail(Fault::new(later).method("chat.update").times(6));
    let said = Load::start(&it.slack.voice(), &[TEAM], 1, MESSAGES).all().await.unwrap();
    let states = settled(&it, said.len()).await.unwrap();
    assert!(states.iter().all(|it| it.1 == "delivered"), "{states:?}");
    // Each waits at most once behind the head; the head came again for each refusal.
    for topic in ["completion.finished", "message.admitted"] {
        let stored = log::count(&it, topic).await.unwrap();
        assert!(stored <= 2 * MESSAGES + 6, "{topic}: {stored}");
    }
}
