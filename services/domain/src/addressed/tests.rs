use expect_test::expect;

use super::*;

const KINDS: [PlaceKind; 4] =
    [PlaceKind::Public, PlaceKind::Private, PlaceKind::Group, PlaceKind::Direct];
const AUTHORS: [HeardAuthor; 4] =
    [HeardAuthor::Person, HeardAuthor::OurBot, HeardAuthor::OtherBot, HeardAuthor::System];
const CHANGES: [Change; 4] = [Change::New, Change::Edited, Change::Deleted, Change::Other];
const ENGAGEMENTS: [Engagement; 3] =
    [Engagement::Unknown, Engagement::Joined, Engagement::NotJoined];

fn all() -> impl Iterator<Item = (Heard, Engagement)> {
    let flags = [(false, false), (false, true), (true, false), (true, true)];
    KINDS.into_iter().flat_map(move |kind| {
        AUTHORS.into_iter().flat_map(move |author| {
            CHANGES.into_iter().flat_map(move |change| {
                flags.into_iter().flat_map(move |(bot_mentioned, in_thread)| {
                    let heard = Heard { kind, author, change, bot_mentioned, in_thread };
                    ENGAGEMENTS.into_iter().map(move |engagement| (heard, engagement))
                })
            })
        })
    })
}

/// A person's new message: one line for each case, the three kinds of shared channels being alike.
#[test]
fn what_a_person_writes() {
    let mut table = String::new();
    for (heard, engagement) in all() {
        let new = heard.author == HeardAuthor::Person && heard.change == Change::New;
        if new && heard.kind == PlaceKind::Public {
            let mention = if heard.bot_mentioned { "mention" } else { "no mention" };
            let place = if heard.in_thread { "in a thread" } else { "in the channel" };
            let verdict = judge(heard, engagement);
            table = format!("{table}{mention}, {place}, {engagement:?}: {verdict:?}\n");
        }
    }
    expect![[r"
        no mention, in the channel, Unknown: Ignore(NotAddressed)
        no mention, in the channel, Joined: Ignore(NotAddressed)
        no mention, in the channel, NotJoined: Ignore(NotAddressed)
        no mention, in a thread, Unknown: AskEngagement
        no mention, in a thread, Joined: Answer(Thread)
        no mention, in a thread, NotJoined: Ignore(NotAddressed)
        mention, in the channel, Unknown: Answer(Mention)
        mention, in the channel, Joined: Answer(Mention)
        mention, in the channel, NotJoined: Answer(Mention)
        mention, in a thread, Unknown: Answer(Mention)
        mention, in a thread, Joined: Answer(Mention)
        mention, in a thread, NotJoined: Answer(Mention)
    "]]
    .assert_eq(&table);
}

#[test]
fn the_rest_of_all_combinations() {
    for (heard, engagement) in all() {
        let direct = heard.kind == PlaceKind::Direct;
        let part_of = |then| match (direct, engagement) {
            (true, _) | (false, Engagement::Joined) => then,
            (false, Engagement::Unknown) => Verdict::AskEngagement,
            (false, Engagement::NotJoined) => Verdict::Ignore(Reason::NotAddressed),
        };
        let want = match (heard.author, heard.change) {
            (HeardAuthor::Person, Change::New) if direct => Verdict::Answer(Address::Direct),
            (HeardAuthor::Person, Change::New) => {
                let public = Heard { kind: PlaceKind::Public, ..heard };
                judge(public, engagement)
            }
            (HeardAuthor::Person, Change::Edited) => part_of(Verdict::RecordEdit),
            (HeardAuthor::Person, Change::Deleted) => part_of(Verdict::RecordDelete),
            (HeardAuthor::Person, Change::Other) => Verdict::Ignore(Reason::NotAMessage),
            (HeardAuthor::OurBot, Change::New | Change::Edited) => Verdict::ObserveEcho,
            (HeardAuthor::OurBot, Change::Deleted | Change::Other) => Verdict::Ignore(Reason::Own),
            (HeardAuthor::OtherBot, _) => Verdict::Ignore(Reason::OtherBot),
            (HeardAuthor::System, _) => Verdict::Ignore(Reason::System),
        };
        assert_eq!(judge(heard, engagement), want, "{heard:?} {engagement:?}");
    }
}

#[test]
fn only_a_person_s_new_message_is_answered_and_a_known_engagement_is_not_asked_for() {
    for (heard, engagement) in all() {
        let verdict = judge(heard, engagement);
        if matches!(verdict, Verdict::Answer(_)) {
            assert_eq!((heard.author, heard.change), (HeardAuthor::Person, Change::New));
        }
        if verdict == Verdict::AskEngagement {
            assert_eq!(engagement, Engagement::Unknown);
        }
    }
}
