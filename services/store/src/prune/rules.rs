//! What is old, and how it goes.

use std::time::Duration;

use schemas::directory::KEPT_DAYS;

use super::Pruned;

/// Slack delivers again for some hours, and we promise 25; twice that, so that clocks may differ.
const DEDUP_KEPT: Duration = Duration::from_hours(48);
/// Longer than an event can be redelivered from its stream, which keeps it for 30 days.
pub(crate) const STORY_KEPT: Duration = Duration::from_hours(24).saturating_mul(KEPT_DAYS);
/// Longer than any limit takes to reset.
const NOTICE_KEPT: Duration = Duration::from_hours(1);
/// Longer than any call to a model is under way, all tries of its message included.
const RESERVATION_KEPT: Duration = Duration::from_hours(2);
/// Longer than the longest period of a budget, and its page in the portal.
const SPEND_KEPT: Duration = Duration::from_hours(62 * 24);
/// Longer than Slack delivers again, and than any answer is under way.
const ERASED_KEPT: Duration = Duration::from_hours(72);
/// Longer than the log keeps a dead letter.
const LETTER_KEPT: Duration = Duration::from_hours(92 * 24);

const DEDUP: &str = "
    delete from dedup_verdict where (tenant_id, key) in (
        select tenant_id, key from dedup_verdict where seen_at_ms < $1 limit $2)";
const VERDICTS: &str = "
    delete from rate_verdict where (tenant_id, message_id) in (
        select tenant_id, message_id from rate_verdict where decided_at_ms < $1 limit $2)";
const NOTICES: &str = "
    delete from notice where (tenant_id, person) in (
        select tenant_id, person from notice where told_at_ms < $1 limit $2)";
/// A reply goes with its effects; one that is planned is sent no more once the reply has ended. One that
/// is in doubt keeps both, and so does one whose effects
/// are younger: an echo may still settle them.
const REPLIES: &str = "
    with old as (
        select tenant_id, message_id from reply
         where made_at_ms < $1 and updated_at_ms < $1
           and outcome in ('delivered', 'failed', 'closed')
           and not exists (
               select from effect
                where effect.tenant_id = reply.tenant_id and effect.message_id = reply.message_id
                  and (effect.state in ('sending', 'uncertain')
                       or $1 <= effect.updated_at_ms))
         limit $2),
    gone as (
        delete from effect using old
         where effect.tenant_id = old.tenant_id and effect.message_id = old.message_id)
    delete from reply using old
     where reply.tenant_id = old.tenant_id and reply.message_id = old.message_id";
const COMPLETIONS: &str = "
    delete from completion where (tenant_id, message_id) in (
        select tenant_id, message_id from completion where finished_at_ms < $1 limit $2)";
const ATTEMPTS: &str = "
    delete from attempt where (tenant_id, message_id, index) in (
        select tenant_id, message_id, index from attempt where started_at_ms < $1 limit $2)";
/// A round goes with its calls.
const TOOLS: &str = "
    with old as (
        select tenant_id, message_id, round from tool_round where started_at_ms < $1 limit $2),
    gone as (
        delete from tool_call using old
         where tool_call.tenant_id = old.tenant_id and tool_call.message_id = old.message_id
           and tool_call.round = old.round)
    delete from tool_round using old
     where tool_round.tenant_id = old.tenant_id and tool_round.message_id = old.message_id
       and tool_round.round = old.round";
/// A person who has a thread for longer than it is remembered has it no more.
const PAUSES: &str = "
    delete from pause where (tenant_id, message_id) in (
        select tenant_id, message_id from pause where since_ms < $1 limit $2)";
/// What people wrote in the turns of a run goes before the run, which may have very many.
const REPLAY_TURNS: &str = "
    delete from replay_case where (tenant_id, run_id, place) in (
        select tenant_id, run_id, place from replay_case join replay_run using (tenant_id, run_id)
         where made_at_ms < $1 limit $2)";
const REPLAYS: &str = "
    delete from replay_run where (tenant_id, run_id) in (
        select tenant_id, run_id from replay_run where made_at_ms < $1 limit $2)";
/// By the turn's own age: a thread that goes on remembers its last 31 days.
const TURNS: &str = "
    delete from turn where (tenant_id, connection_id, conversation_id, message_id, role) in (
        select tenant_id, connection_id, conversation_id, message_id, role from turn
         where position < $1::bigint * 1000 limit $2)";
/// Whether a message of the read model is old, at `$1`.
macro_rules! old_message {
    () => {
        "(coalesce(received_at_ms, decided_at_ms, completed_at_ms, answered_at_ms) < $1
           and greatest(received_at_ms, decided_at_ms, completed_at_ms, answered_at_ms) < $1
           and state in ('delivered', 'told', 'throttled', 'failed', 'handed over', 'held'))"
    };
}
pub(crate) use old_message;

const MESSAGES: &str = concat!(
    "
    delete from p_message where (tenant_id, message_id) in (
        select tenant_id, message_id from p_message
         where ",
    old_message!(),
    "
         limit $2)"
);
/// A story stays as long as its message. The directory's stays for good, like its stream.
const EVENTS: &str = "
    delete from p_event where (tenant_id, stream, seq) in (
        select tenant_id, stream, seq from p_event
         where stream = 'EVENTS' and time_ms < $1
           and not exists (
               select from p_message
                where p_message.tenant_id = p_event.tenant_id
                  and p_message.message_id = p_event.correlation_id)
         limit $2)";
/// A thread goes with its last message. What was used stays: sums are small.
const CONVERSATIONS: &str = "
    delete from p_conversation where (tenant_id, connection_id, conversation_id) in (
        select tenant_id, connection_id, conversation_id from p_conversation c
         where last_at_ms < $1
           and not exists (
               select from p_message m
                where m.tenant_id = c.tenant_id and m.connection_id = c.connection_id
                  and m.conversation_id = c.conversation_id)
         limit $2)";
/// A thread that goes on is its agent's again, as it is for whoever answers: the pause is as old. A rebuild
/// gives the same, since the log has forgotten that hand-off before.
const HANDED_OFF: &str = "
    update p_conversation set handed_off_at_ms = null, handed_off_message_id = null
     where handed_off_at_ms < $1
       and (tenant_id, connection_id, conversation_id) in (
        select tenant_id, connection_id, conversation_id from p_conversation
         where handed_off_at_ms < $1 limit $2)";
/// Calls that nobody recorded the outcome of: the vendor may have billed them at their worst.
const RESERVATIONS: &str = "
    with ended as (
        delete from reservation where (tenant_id, holder, index) in (
            select tenant_id, holder, index from reservation where made_at_ms < $1 limit $2)
        returning tenant_id, micros, scopes
    ), change as (
        select tenant_id, scope collate \"C\" as scope, sum(micros)::bigint as micros
          from ended, unnest(scopes) as scope group by 1, 2
    ), locked as materialized (
        select tenant_id, scope from spend
         where (tenant_id, scope) in (select tenant_id, scope from change)
         order by tenant_id, scope for update
    ), settled as (
        update spend set reserved_micros = greatest(spend.reserved_micros - change.micros, 0),
                         settled_micros = spend.settled_micros + change.micros
          from change join locked using (tenant_id, scope)
         where spend.tenant_id = change.tenant_id and spend.scope = change.scope
    )
    select from ended";
const SPEND: &str = "
    delete from spend where (tenant_id, scope) in (
        select tenant_id, scope from spend
         where asked_at_ms < $1 and reserved_micros = 0 limit $2)";
/// What trials and programs used goes from changes to the sums of days: no older than the last prune.
const TRIALS: &str = "
    with gone as (
        delete from trial_change where number in (
            select number from trial_change where $1::bigint is not null order by number limit $2)
        returning day, model, unpriced, input_tokens, output_tokens, cost_micros
    ), sums as (
        insert into trial_day as was (day, model, unpriced, input_tokens, output_tokens, cost_micros)
        select day, model, sum(unpriced), sum(input_tokens), sum(output_tokens), sum(cost_micros)
          from gone group by day, model order by day, model
        on conflict (day, model) do update set
            unpriced = was.unpriced + excluded.unpriced,
            input_tokens = was.input_tokens + excluded.input_tokens,
            output_tokens = was.output_tokens + excluded.output_tokens,
            cost_micros = was.cost_micros + excluded.cost_micros
    )
    select from gone";
const LETTERS: &str = "
    delete from letter_decision where (tenant_id, letter) in (
        select tenant_id, letter from letter_decision where decided_at_ms < $1 limit $2)";
/// What was erased does not come back any more; a tenant without any is not looked at.
const ERASED: &str = "
    delete from erased_name where (tenant_id, name) in (
        select tenant_id, name from erased_name where erased_at_ms < $1 limit $2)";
const ERASED_PLACES: &str = "
    delete from erased_place where tenant_id in (
        select tenant_id from erased_place
         where $1::bigint is not null
           and not exists (
               select from erased_name where erased_name.tenant_id = erased_place.tenant_id)
         limit $2)";

/// What goes, and when it is old.
pub(super) struct Rule {
    /// By what it takes.
    pub(super) name: &'static str,
    /// Takes what is older than `$1`, in milliseconds, and `$2` rows at the most.
    pub(super) sql: &'static str,
    pub(super) kept: Duration,
    /// Where it is counted.
    pub(super) count: fn(&mut Pruned) -> &mut u64,
}

/// A rule by what it counts.
macro_rules! rule {
    ($name:ident, $sql:expr, $kept:expr) => {
        Rule { name: stringify!($name), sql: $sql, kept: $kept, count: |it| &mut it.$name }
    };
}

/// What goes, in this order: threads and stories after their messages.
pub(super) const RULES: [Rule; 21] = [
    rule!(dedup, DEDUP, DEDUP_KEPT),
    rule!(verdicts, VERDICTS, STORY_KEPT),
    rule!(notices, NOTICES, NOTICE_KEPT),
    rule!(replies, REPLIES, STORY_KEPT),
    rule!(completions, COMPLETIONS, STORY_KEPT),
    rule!(attempts, ATTEMPTS, STORY_KEPT),
    rule!(tools, TOOLS, STORY_KEPT),
    rule!(pauses, PAUSES, STORY_KEPT),
    rule!(replay_turns, REPLAY_TURNS, STORY_KEPT),
    rule!(replays, REPLAYS, STORY_KEPT),
    rule!(turns, TURNS, STORY_KEPT),
    rule!(messages, MESSAGES, STORY_KEPT),
    rule!(conversations, CONVERSATIONS, STORY_KEPT),
    rule!(handed_off, HANDED_OFF, STORY_KEPT),
    rule!(events, EVENTS, STORY_KEPT),
    rule!(reservations, RESERVATIONS, RESERVATION_KEPT),
    rule!(spend, SPEND, SPEND_KEPT),
    rule!(trials, TRIALS, Duration::ZERO),
    rule!(letters, LETTERS, LETTER_KEPT),
    rule!(erased, ERASED, ERASED_KEPT),
    rule!(erased_places, ERASED_PLACES, Duration::ZERO),
];
