//! Receives a form with a file: `multipart/form-data`, as browsers send it without a script.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use multer::{Constraints, Error, Field, Multipart, SizeLimit};

use super::answer::Fault;
use super::app::App;
use super::fields::Fields;
use super::uploads::{MOST_BYTES, Upload};

/// The name of the field with the file.
const FILE: &str = "file";
/// The most bytes of the other fields with everything around them.
const AROUND: u64 = 16 << 10;
/// The most bytes of one of them.
const FIELD: u64 = 1 << 10;
/// The time for all of it.
const FOR_FILE: Duration = Duration::from_secs(120);
/// The bytes that are collected before they are written.
const STEP: usize = 256 << 10;

/// Reads the fields of a form and its file; `None` for a form without one. The token of the form comes before the file,
/// and is checked before anything is written.
pub(super) async fn receive(
    app: &Arc<App>,
    headers: &HeaderMap,
    body: Body,
    cookie: &str,
) -> Result<(Fields, Option<Upload>), Fault> {
    receive_within(FOR_FILE, app, headers, body, cookie).await
}

async fn receive_within(
    time: Duration,
    app: &Arc<App>,
    headers: &HeaderMap,
    body: Body,
    cookie: &str,
) -> Result<(Fields, Option<Upload>), Fault> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let boundary = text(CONTENT_TYPE).and_then(|kind| multer::parse_boundary(kind).ok()).ok_or(Fault::Refused)?;
    let length: u64 = text(CONTENT_LENGTH).and_then(|length| length.parse().ok()).ok_or(Fault::Refused)?;
    if length > MOST_BYTES + AROUND {
        return Err(Fault::TooLarge);
    }
    let _place = app.receiving().ok_or(Fault::Busy)?;
    let limit = SizeLimit::new().whole_stream(MOST_BYTES + AROUND).per_field(FIELD).for_field(FILE, MOST_BYTES);
    let form = Multipart::with_constraints(body.into_data_stream(), boundary, Constraints::new().size_limit(limit));
    match tokio::time::timeout(time, fields(app, form, cookie)).await {
        Ok(read) => read,
        Err(_) => Err(Fault::Refused),
    }
}

async fn fields(app: &Arc<App>, mut form: Multipart<'static>, cookie: &str) -> Result<(Fields, Option<Upload>), Fault> {
    let (mut fields, mut upload) = (Fields::default(), None);
    while let Some(field) = form.next_field().await.map_err(|error| fault(&error))? {
        let name = field.name().ok_or(Fault::Refused)?.to_owned();
        if name == FILE {
            if upload.is_some() || !app.is_own_form(cookie, fields.get("csrf")) {
                return Err(Fault::Refused);
            }
            upload = Some(file(app, field).await?);
        } else {
            let value = field.bytes().await.map_err(|error| fault(&error))?;
            let value = std::str::from_utf8(&value).map_err(|_| Fault::Refused)?;
            if !fields.add(name, value.to_owned()) {
                return Err(Fault::Refused);
            }
        }
    }
    Ok((fields, upload.filter(|upload| upload.size > 0)))
}

/// Writes a file to the disk, piece by piece.
async fn file(app: &Arc<App>, mut field: Field<'static>) -> Result<Upload, Fault> {
    let name = field.file_name().unwrap_or_default().to_owned();
    let of_store = Arc::clone(app);
    let mut upload = at_disk(move || {
        let store = of_store.store()?;
        Upload::new(store.dir(), &name).map_err(|error| Fault::Failed(error.to_string()))
    })
    .await?;
    let mut piece = Vec::with_capacity(STEP);
    loop {
        let chunk = field.chunk().await.map_err(|error| fault(&error))?;
        piece.extend_from_slice(chunk.as_deref().unwrap_or_default());
        if piece.len() >= STEP || chunk.is_none() {
            let mut full = std::mem::replace(&mut piece, Vec::with_capacity(STEP));
            upload = at_disk(move || {
                upload.add(&mut full).map_err(|error| Fault::Failed(error.to_string()))?;
                Ok(upload)
            })
            .await?;
        }
        if chunk.is_none() {
            return Ok(upload);
        }
    }
}

/// Does work that may wait for the disk, while others are answered.
async fn at_disk<T: Send + 'static>(work: impl FnOnce() -> Result<T, Fault> + Send + 'static) -> Result<T, Fault> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => Err(Fault::Failed(error.to_string())),
    }
}

/// Returns why a form is refused.
fn fault(error: &Error) -> Fault {
    match error {
        Error::FieldSizeExceeded { .. } | Error::StreamSizeExceeded { .. } => Fault::TooLarge,
        _ => Fault::Refused,
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::fs;
    use std::path::Path;

    use axum::http::HeaderValue;
    use futures_util::{StreamExt, stream};

    use super::super::app::ServeOptions;
    use super::*;
    use crate::model::Language;
    use crate::store::{Frequencies, NewStore, Settings, Store};

    fn app(folder: &Path) -> Arc<App> {
        let (frequencies, settings) = (Frequencies::built_in(), Settings::default());
        let store = folder.join("store");
        Store::create(&store, &NewStore::new(&frequencies, &settings).for_invented_people()).unwrap();
        let options = ServeOptions {
            store,
            key: None,
            patience: Duration::ZERO,
            reason: None,
            reviewer_keys: folder.to_owned(),
            origin: None,
            idle: Duration::from_secs(60),
            language: Language::English,
        };
        Arc::new(App::new(options, (Vec::new(), Vec::new()), false, Arc::new(|_| {})).unwrap())
    }

    /// Returns how many files without a name this process has open in a folder.
    fn unnamed_files(folder: &Path) -> usize {
        let links = fs::read_dir("/proc/self/fd").into_iter().flatten();
        let links = links.filter_map(|one| fs::read_link(one.ok()?.path()).ok());
        links.filter(|link| link.starts_with(folder) && link.to_string_lossy().ends_with("(deleted)")).count()
    }

    #[test]
    fn a_file_that_is_sent_too_slowly_is_refused_and_nothing_of_it_stays() {
        let folder = tempfile::tempdir().unwrap();
        let app = app(folder.path());
        let begin = format!(
            "--x\r\nContent-Disposition: form-data; name=\"csrf\"\r\n\r\n{}\r\n--x\r\nContent-Disposition: form-data; \
             name=\"file\"; filename=\"a\"\r\n\r\n{}",
            app.csrf("cookie"),
            "1".repeat(2 * STEP)
        );
        let headers = HeaderMap::from_iter([
            (CONTENT_TYPE, HeaderValue::from_static("multipart/form-data; boundary=x")),
            (CONTENT_LENGTH, HeaderValue::from(1 << 20)),
        ]);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        // The rest never comes.
        let body = Body::from_stream(stream::iter([Ok::<_, Infallible>(begin)]).chain(stream::pending()));
        let receiving = Arc::clone(&app);
        let time = Duration::from_secs(1);
        let received = runtime.spawn(async move { receive_within(time, &receiving, &headers, body, "cookie").await });
        let most = runtime.block_on(async {
            let mut most = 0;
            let begun = std::time::Instant::now();
            while !received.is_finished() && begun.elapsed() < Duration::from_secs(30) {
                most = most.max(unnamed_files(folder.path()));
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            most
        });
        assert_eq!(most, 1, "what came was written");
        assert!(received.is_finished(), "it waits for more");
        assert!(matches!(runtime.block_on(received).unwrap(), Err(Fault::Refused)));
        assert_eq!(unnamed_files(folder.path()), 0);
        let places: Vec<_> = (0..=super::super::app::MOST_RECEIVED).map(|_| app.receiving()).collect();
        assert_eq!(places.iter().flatten().count(), super::super::app::MOST_RECEIVED, "its place is free again");
    }
}
