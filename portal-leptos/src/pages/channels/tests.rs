use schemas::{ChannelKind, Connection, Timestamp};
use views::LastError;

use super::*;

fn line(status: ConnectionStatus, times: [Option<i64>; 3]) -> ConnectionLine {
    let [came, answered, failed] = times.map(|at| at.map(Timestamp::from_millis));
    let connection = Connection {
        id: "slack-T0ACME".parse().unwrap(),
        channel: ChannelKind::Slack,
        app: "default".to_owned(),
        workspace: "T0ACME".to_owned(),
        bot_user: "U0MARA".to_owned(),
        agent: "mara".parse().unwrap(),
        token: "a-secret".to_owned(),
        status,
    };
    let error = |at| LastError { message: "m-1".parse().unwrap(), detail: None, at };
    let last_error = failed.map(error);
    ConnectionLine { connection, last_in_at: came, last_out_at: answered, last_error }
}

#[test]
fn a_word_says_how_a_connection_is_doing() {
    let removed = |reason: &str| {
        let at = Timestamp::from_millis(1);
        ConnectionStatus::Removed { reason: reason.to_owned(), at }
    };
    let cases = [
        (line(ConnectionStatus::Active, [None; 3]), "Waiting for its first message"),
        (line(ConnectionStatus::Active, [Some(1), Some(2), None]), "Connected"),
        (line(ConnectionStatus::Active, [Some(1), Some(2), Some(3)]), "Last message failed"),
        (line(ConnectionStatus::Active, [Some(1), Some(4), Some(3)]), "Connected"),
        (line(removed("operator"), [Some(1), Some(2), None]), "Disconnected"),
        (line(removed("app_uninstalled"), [None; 3]), "The app was uninstalled"),
        (line(removed("tokens_revoked"), [None; 3]), "Its token was revoked"),
        (line(removed("account_inactive"), [None; 3]), "Disconnected: account inactive"),
    ];
    for (line, want) in cases {
        assert_eq!(health(&line).1, want);
    }
}
