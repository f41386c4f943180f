//! What the simulator remembers of requests that are not about orders, accounts or prices, of one client and of all.

use std::collections::BTreeMap;

use tws_proto::ids::RequestId;
use tws_proto::kinds::LogLevel;
use tws_proto::message::{Config, Scanner};

use crate::information::{Article, Bulletin, Information};
use crate::time::SimTime;

/// Display groups of TWS.
pub(crate) const DISPLAY_GROUPS: i32 = 3;
/// How many bulletins are kept for clients that ask later.
const BULLETINS_MAX: usize = 100;
/// What a display group shows before anybody has chosen.
pub(crate) const NO_CONTRACT: &str = "none";

/// What one client has asked for.
#[derive(Debug, Default)]
pub(crate) struct ReferenceFeeds {
    pub(crate) bulletins: BulletinFeed,
    pub(crate) scanners: BTreeMap<RequestId, ScannerSubscription>,
    /// Which display group a request follows.
    pub(crate) groups: BTreeMap<RequestId, i32>,
    pub(crate) horizon: HorizonMeta,
    /// As the client set it.
    pub(crate) log_level: Option<LogLevel>,
}

/// Whether a client hears of bulletins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum BulletinFeed {
    #[default]
    Off,
    On,
}

/// Whether a client knows the types of company events, without which it may not ask for events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum HorizonMeta {
    #[default]
    NotAsked,
    Told,
}

/// A scan that is repeated.
#[derive(Clone, Debug)]
pub(crate) struct ScannerSubscription {
    pub(crate) scanner: Scanner,
    pub(crate) next: SimTime,
}

/// What all clients share.
#[derive(Debug)]
pub(crate) struct Reference {
    pub(crate) information: Information,
    /// How many of the articles have come, in order of time.
    articles_told: usize,
    /// Bulletins that have come, with their numbers, the oldest first.
    bulletins: Vec<(i32, Bulletin)>,
    bulletins_told: usize,
    bulletin_number: i32,
    /// What each display group shows, the first at 0.
    groups: Vec<String>,
    /// What is not the API's own business: kept and told again.
    pub(crate) config: Config,
}

impl Reference {
    pub(crate) fn new(information: Information, config: Config, start: SimTime) -> Self {
        let articles_told = information.articles.partition_point(|article| article.time <= start);
        let mut reference = Self {
            information,
            articles_told,
            bulletins: Vec::new(),
            bulletins_told: 0,
            bulletin_number: 0,
            groups: vec![NO_CONTRACT.to_owned(); DISPLAY_GROUPS as usize],
            config,
        };
        let _ = reference.due_bulletins(start);
        reference
    }

    /// When the next article or bulletin comes.
    pub(crate) fn next_time(&self) -> Option<SimTime> {
        let article = self.information.articles.get(self.articles_told).map(|article| article.time);
        let bulletin = self.information.bulletins.get(self.bulletins_told).map(|bulletin| bulletin.time);
        [article, bulletin].into_iter().flatten().min()
    }

    /// Articles that have come by now.
    pub(crate) fn articles(&self) -> &[Article] {
        self.information.articles.get(..self.articles_told).unwrap_or_default()
    }

    /// Articles that come by `now` and had not come before.
    pub(crate) fn due_articles(&mut self, now: SimTime) -> Vec<Article> {
        let come = self.information.articles.partition_point(|article| article.time <= now).max(self.articles_told);
        let new = self.information.articles.get(self.articles_told..come).unwrap_or_default().to_vec();
        self.articles_told = come;
        new
    }

    /// Takes an article in that comes now.
    pub(crate) fn publish(&mut self, article: Article) {
        let at = self.articles_told;
        self.information.articles.insert(at.min(self.information.articles.len()), article);
        self.articles_told = at + 1;
    }

    /// Bulletins that come by `now` and had not come before, numbered.
    pub(crate) fn due_bulletins(&mut self, now: SimTime) -> Vec<(i32, Bulletin)> {
        let all = &self.information.bulletins;
        let come = all.partition_point(|bulletin| bulletin.time <= now).max(self.bulletins_told);
        let new: Vec<Bulletin> = all.get(self.bulletins_told..come).unwrap_or_default().to_vec();
        self.bulletins_told = come;
        new.into_iter().map(|bulletin| self.keep(bulletin)).collect()
    }

    /// Gives a bulletin its number and keeps it for those who ask later.
    pub(crate) fn keep(&mut self, bulletin: Bulletin) -> (i32, Bulletin) {
        self.bulletin_number = self.bulletin_number.wrapping_add(1);
        let numbered = (self.bulletin_number, bulletin);
        if self.bulletins.len() >= BULLETINS_MAX {
            self.bulletins.remove(0);
        }
        self.bulletins.push(numbered.clone());
        numbered
    }

    /// Bulletins of a day, oldest first.
    pub(crate) fn bulletins_of(&self, day: i32) -> Vec<(i32, Bulletin)> {
        self.bulletins.iter().filter(|(_, bulletin)| bulletin.time.day() == day).cloned().collect()
    }

    /// What a display group shows.
    pub(crate) fn group(&self, group: i32) -> Option<&String> {
        self.groups.get(usize::try_from(group.checked_sub(1)?).ok()?)
    }

    /// Lets a display group show something else.
    pub(crate) fn show(&mut self, group: i32, contract: &str) {
        let index = group.checked_sub(1).and_then(|index| usize::try_from(index).ok());
        if let Some(shown) = index.and_then(|index| self.groups.get_mut(index)) {
            contract.clone_into(shown);
        }
    }
}
