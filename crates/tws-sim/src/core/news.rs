//! News: providers, articles, headlines of the past and as they come, bulletins.

use tws_proto::kinds::{ArticleKind, SecurityType};
use tws_proto::message::{
    HistoricalNews, HistoricalNewsEnd, NewsArticle, NewsBulletin, NewsProvider, NewsProviders, RequestHistoricalNews,
    RequestNewsArticle, RequestNewsBulletins, TickNews,
};

use super::Core;
use crate::information::{Article, Bulletin, Information, instant};
use crate::instrument::Instrument;
use crate::reference::BulletinFeed;
use crate::session::SessionId;
use crate::time::SimTime;

/// More headlines than this are not told at once.
const HEADLINES_MAX: usize = 300;

impl Core {
    /// News, bulletins, scans and events: those that have come and those that are still to come.
    #[must_use]
    pub const fn information(&self) -> &Information {
        &self.reference.information
    }

    pub(super) fn send_news_providers(&mut self, session: SessionId) {
        let known = &self.reference.information.providers;
        let provider =
            |known: &crate::information::Provider| NewsProvider { code: known.code.clone(), name: known.name.clone() };
        let providers = known.iter().map(provider).collect();
        self.outbox.send(session, NewsProviders { providers });
    }

    pub(super) fn send_news_article(&mut self, session: SessionId, request: &RequestNewsArticle) {
        let RequestNewsArticle { request_id, provider, article_id, options: _ } = request;
        if self.reference.information.provider(provider).is_none() {
            return self.outbox.notice(session, request_id.0, 10276, "News feed is not allowed.");
        }
        let fits = |article: &&Article| article.id == *article_id && article.provider.eq_ignore_ascii_case(provider);
        let Some(article) = self.reference.articles().iter().find(fits) else {
            let text = "Failed to request news article:No data available";
            return self.outbox.notice(session, request_id.0, 10172, text);
        };
        let text = article.text.clone();
        self.outbox.send(session, NewsArticle { request_id: *request_id, kind: Some(ArticleKind::Text), text });
    }

    pub(super) fn send_historical_news(&mut self, session: SessionId, request: &RequestHistoricalNews) {
        let id = request.request_id;
        let refuse = |cause: &str| format!("Error validating request.-'bO' : cause - {cause}");
        let Some(instrument) = request.contract_id.and_then(|contract| self.catalogue.by_id(contract)) else {
            let text = "No security definition has been found for the request";
            return self.outbox.notice(session, id.0, 200, text);
        };
        let providers: Vec<&str> =
            request.providers.split('+').map(str::trim).filter(|code| !code.is_empty()).collect();
        if providers.is_empty() || providers.iter().any(|code| self.reference.information.provider(code).is_none()) {
            return self.outbox.notice(session, id.0, 10276, "News feed is not allowed.");
        }
        let time = |text: &str, usual: SimTime| if text.is_empty() { Some(usual) } else { instant(text) };
        let (Some(after), Some(until)) = (time(&request.start, SimTime(i64::MIN)), time(&request.end, self.now)) else {
            return self.outbox.notice(session, id.0, 321, refuse("Invalid start or end time"));
        };
        let Some(count) = request.results.filter(|count| *count > 0).and_then(|count| usize::try_from(count).ok())
        else {
            return self.outbox.notice(session, id.0, 321, refuse("The number of results must be above 0"));
        };
        let fits = |article: &&Article| {
            is_about(article, instrument)
                && article.time > after
                && article.time <= until
                && providers.iter().any(|code| article.provider.eq_ignore_ascii_case(code))
        };
        // The newest first.
        let found: Vec<Article> = self.reference.articles().iter().rev().filter(fits).cloned().collect();
        let count = count.min(HEADLINES_MAX);
        let has_more = found.len() > count;
        for article in found.into_iter().take(count) {
            let Article { id: article_id, provider, time, headline, .. } = article;
            let time = time.zoned_text("%Y-%m-%d %H:%M:%S.0").into();
            let news = HistoricalNews { request_id: id, time, provider, article_id, headline };
            self.outbox.send(session, Box::new(news));
        }
        self.outbox.send(session, HistoricalNewsEnd { request_id: id, has_more });
    }

    pub(super) fn request_bulletins(&mut self, session: SessionId, request: &RequestNewsBulletins) {
        let Some(this) = self.sessions.get_mut(&session) else { return };
        this.reference.bulletins = BulletinFeed::On;
        if request.all_messages {
            for (number, bulletin) in self.reference.bulletins_of(self.now.day()) {
                self.outbox.send(session, message(number, &bulletin));
            }
        }
    }

    pub(super) fn cancel_bulletins(&mut self, session: SessionId) {
        if let Some(this) = self.sessions.get_mut(&session) {
            this.reference.bulletins = BulletinFeed::Off;
        }
    }

    /// A bulletin that comes now.
    pub(super) fn publish_bulletin(&mut self, bulletin: Bulletin) {
        let numbered = self.reference.keep(Bulletin { time: self.now, ..bulletin });
        self.tell_bulletin(&numbered);
    }

    /// An article that comes now.
    pub(super) fn publish_article(&mut self, article: Article) {
        let article = Article { time: self.now, ..article };
        self.reference.publish(article.clone());
        self.tell_article(&article);
    }

    /// Articles and bulletins whose time has come.
    pub(super) fn tell_news(&mut self) {
        for bulletin in self.reference.due_bulletins(self.now) {
            self.tell_bulletin(&bulletin);
        }
        for article in self.reference.due_articles(self.now) {
            self.tell_article(&article);
        }
    }

    fn tell_bulletin(&mut self, (number, bulletin): &(i32, Bulletin)) {
        let hears = self.sessions.iter().filter(|(_, this)| this.reference.bulletins == BulletinFeed::On);
        let sessions: Vec<SessionId> = hears.map(|(session, _)| *session).collect();
        for session in sessions {
            self.outbox.send(session, message(*number, bulletin));
        }
    }

    /// To everybody who asked for news ticks (292) of a company that an article is about.
    fn tell_article(&mut self, article: &Article) {
        for (contract, audience) in &self.data.audiences {
            if !self.catalogue.by_id(*contract).is_some_and(|instrument| is_about(article, instrument)) {
                continue;
            }
            for line in audience.level1.iter().filter(|line| line.hears_news_of(&article.provider)) {
                let (session, request_id) = line.line;
                let tick = TickNews {
                    request_id,
                    time_ms: Some(article.time.0),
                    provider: article.provider.clone(),
                    article_id: article.id.clone(),
                    headline: article.headline.clone(),
                    extra_data: String::new(),
                };
                self.outbox.send(session, Box::new(tick));
            }
        }
    }
}

/// Whether an article is about a company or the whole market. A feed of news (`BRFG:BRFG_ALL`) has all of its provider.
pub(super) fn is_about(article: &Article, instrument: &Instrument) -> bool {
    if instrument.security_type == SecurityType::News {
        return instrument.exchange == article.provider;
    }
    article.symbols.is_empty() || article.symbols.contains(&instrument.symbol)
}

fn message(number: i32, bulletin: &Bulletin) -> NewsBulletin {
    NewsBulletin {
        bulletin_id: Some(number),
        kind: Some(bulletin.kind),
        text: bulletin.text.clone(),
        exchange: bulletin.exchange.clone(),
    }
}
