//! Is this for an employee?
//!
//! An employee is silent until spoken to. It answers a mention, a direct message, and whatever
//! follows in a thread it has joined; never itself, another bot, or the chat system's own notes.

use schemas::{Address, PlaceKind};

/// What is known of something that happened in a channel, whatever the chat system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Heard {
    /// What kind of channel.
    pub kind: PlaceKind,
    /// Who did it.
    pub author: HeardAuthor,
    /// What they did.
    pub change: Change,
    /// Whether the employee is mentioned.
    pub bot_mentioned: bool,
    /// Whether it is a reply in a thread.
    pub in_thread: bool,
}

/// Who did it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HeardAuthor {
    /// A human being.
    Person,
    /// The employee itself.
    OurBot,
    /// Another app.
    OtherBot,
    /// The chat system.
    System,
}

/// What they did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Change {
    /// Wrote a message.
    New,
    /// Changed one.
    Edited,
    /// Took one back.
    Deleted,
    /// Anything else: joined, set a topic, …
    Other,
}

/// Whether the employee has joined the thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Engagement {
    /// Nobody looked yet.
    Unknown,
    /// It has, and still follows it.
    Joined,
    /// It has not, or not lately.
    NotJoined,
}

/// What to do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// It is for the employee.
    Answer(Address),
    /// It depends on whether the employee has joined the thread: look it up and ask again.
    AskEngagement,
    /// The thread's memory must know.
    RecordEdit,
    /// The thread's memory must know.
    RecordDelete,
    /// Our own words came back; if they name an effect, it is settled.
    ObserveEcho,
    /// Not ours: nothing is kept.
    Ignore(Reason),
}

/// Why something is not ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// Nobody spoke to the employee.
    NotAddressed,
    /// The employee did it, and it tells us nothing.
    Own,
    /// Bots do not answer bots.
    OtherBot,
    /// The chat system's own note.
    System,
    /// Nothing was said.
    NotAMessage,
}

impl Reason {
    /// The token that stands for it in counters.
    pub const fn as_str(self) -> &'static str {
        match self {
            Reason::NotAddressed => "not_addressed",
            Reason::Own => "own",
            Reason::OtherBot => "other_bot",
            Reason::System => "system",
            Reason::NotAMessage => "not_a_message",
        }
    }
}

/// Decides. With [`Engagement::Unknown`] it may answer [`Verdict::AskEngagement`], else never.
pub fn judge(heard: Heard, engagement: Engagement) -> Verdict {
    match (heard.author, heard.change) {
        (HeardAuthor::Person, Change::New) => judge_new(heard, engagement),
        (HeardAuthor::Person, Change::Edited) => if_part_of(heard, engagement, Verdict::RecordEdit),
        (HeardAuthor::Person, Change::Deleted) => {
            if_part_of(heard, engagement, Verdict::RecordDelete)
        }
        (HeardAuthor::Person, Change::Other) => Verdict::Ignore(Reason::NotAMessage),
        // An update of ours comes back as an edit, with the metadata of the update.
        (HeardAuthor::OurBot, Change::New | Change::Edited) => Verdict::ObserveEcho,
        (HeardAuthor::OurBot, Change::Deleted | Change::Other) => Verdict::Ignore(Reason::Own),
        (HeardAuthor::OtherBot, _) => Verdict::Ignore(Reason::OtherBot),
        (HeardAuthor::System, _) => Verdict::Ignore(Reason::System),
    }
}

fn judge_new(heard: Heard, engagement: Engagement) -> Verdict {
    if heard.kind == PlaceKind::Direct {
        return Verdict::Answer(Address::Direct);
    }
    if heard.bot_mentioned {
        return Verdict::Answer(Address::Mention);
    }
    if !heard.in_thread {
        return Verdict::Ignore(Reason::NotAddressed);
    }
    if_joined(engagement, Verdict::Answer(Address::Thread))
}

/// Edits and deletions matter where the employee takes part. They never start an answer, so an
/// added mention does not count, and the first message of a joined thread is no reply itself.
fn if_part_of(heard: Heard, engagement: Engagement, then: Verdict) -> Verdict {
    match heard.kind {
        PlaceKind::Direct => then,
        PlaceKind::Public | PlaceKind::Private | PlaceKind::Group => if_joined(engagement, then),
    }
}

fn if_joined(engagement: Engagement, then: Verdict) -> Verdict {
    match engagement {
        Engagement::Unknown => Verdict::AskEngagement,
        Engagement::Joined => then,
        Engagement::NotJoined => Verdict::Ignore(Reason::NotAddressed),
    }
}

#[cfg(test)]
mod tests;
