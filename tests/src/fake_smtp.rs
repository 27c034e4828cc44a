//! A mail server that takes every mail and shows it to the test.

use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
    sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
};

/// A mail as it came over the wire.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mail {
    /// From whom, as the envelope says.
    pub from: String,
    /// To whom, as the envelope says.
    pub to: Vec<String>,
    /// Headers and text, its soft line breaks undone.
    pub data: String,
}

impl Mail {
    /// The first word of it that begins with `begin`.
    pub fn word(&self, begin: &str) -> Option<&str> {
        self.data.split_whitespace().find(|word| word.starts_with(begin))
    }
}

/// The server. Stops with this value.
pub struct FakeSmtp {
    url: String,
    mails: UnboundedReceiver<Mail>,
    server: tokio::task::JoinHandle<()>,
}

impl FakeSmtp {
    /// Listens on a port of its own.
    pub async fn start() -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("smtp://{}", listener.local_addr()?);
        let (sender, mails) = unbounded_channel();
        let server = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let sender = sender.clone();
                tokio::spawn(async move { talk(stream, &sender).await.ok() });
            }
        });
        Ok(Self { url, mails, server })
    }

    /// As `KONSTRUCT_SMTP_URL` has it.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The next mail, once it is there.
    pub async fn next(&mut self) -> anyhow::Result<Mail> {
        self.mails.recv().await.ok_or_else(|| anyhow::anyhow!("the mail server has stopped"))
    }

    /// Whether a mail is there that nobody has taken.
    pub fn is_empty(&self) -> bool {
        self.mails.is_empty()
    }
}

impl Drop for FakeSmtp {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn talk(stream: TcpStream, mails: &UnboundedSender<Mail>) -> anyhow::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read).lines();
    let mut mail = Mail::default();
    write.write_all(b"220 fake\r\n").await?;
    while let Some(line) = lines.next_line().await? {
        let upper = line.to_ascii_uppercase();
        let answer = if upper.starts_with("EHLO") {
            "250 fake\r\n"
        } else if upper.starts_with("MAIL FROM:") {
            mail.from = address(&line);
            "250 ok\r\n"
        } else if upper.starts_with("RCPT TO:") {
            mail.to.push(address(&line));
            "250 ok\r\n"
        } else if upper == "DATA" {
            write.write_all(b"354 go on\r\n").await?;
            while let Some(line) = lines.next_line().await?.filter(|line| line != ".") {
                match line.strip_suffix('=') {
                    Some(soft) => mail.data.push_str(soft),
                    None => mail.data.extend([&*line, "\n"]),
                }
            }
            mails.send(std::mem::take(&mut mail))?;
            "250 taken\r\n"
        } else if upper == "QUIT" {
            write.write_all(b"221 bye\r\n").await?;
            return Ok(());
        } else {
            "502 not here\r\n"
        };
        write.write_all(answer.as_bytes()).await?;
    }
    Ok(())
}

fn address(line: &str) -> String {
    let inside = line.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
    inside.map(|(address, _)| address.to_owned()).unwrap_or_default()
}
