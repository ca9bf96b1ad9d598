//! Checks that run inside an nginx worker: a scenario of a Lua file of tests/defects, in the content phase.

use std::time::Duration;

use crate::known::Verdict;
use harness::nginx::{Conf, Nginx};
use harness::process::within;

/// What nginx's master says of a worker that crashed; the signal's number follows.
const CRASH: &str = "exited on signal ";

const SERVER: &str = r#"
    location ~ ^/defect/(?<file>[a-z_]+)/(?<scenario>[a-z_]+)$ {
        content_by_lua_block {
            local scenarios = dofile("@ROOT@/tests/defects/" .. ngx.var.file .. ".lua")
            local broken = scenarios[ngx.var.scenario](ngx.req.get_uri_args())
            ngx.say(broken and "broken: " .. broken or "holds")
        }
    }
"#;

/// What a scenario of tests/defects/FILE.lua has shown, in a worker of its own.
pub fn in_nginx(file: &str, scenario: &str) -> Verdict {
    run("", "", file, scenario)
}

/// As [`in_nginx`], with these lines outside of all blocks of nginx's configuration.
pub fn in_nginx_with(main: &str, file: &str, scenario: &str) -> Verdict {
    run(main, "", file, scenario)
}

/// As [`in_nginx`], with these brokers in the environment.
pub fn in_nginx_before(brokers: &str, file: &str, scenario: &str) -> Verdict {
    run("", brokers, file, scenario)
}

fn run(main: &str, brokers: &str, file: &str, scenario: &str) -> Verdict {
    let conf = Conf {
        main,
        server: SERVER,
        ..Conf::default()
    };
    verdict(&Nginx::start_before(brokers, "", conf), file, scenario)
}

/// What a scenario has shown. The worker's end by a signal counts as broken: no call may crash it.
fn verdict(nginx: &Nginx, file: &str, scenario: &str) -> Verdict {
    let answer = nginx.try_get(&format!("/defect/{file}/{scenario}"));
    let how = answer.as_deref().and_then(|it| it.strip_prefix("broken: "));
    let mut log = nginx.log();
    // The master notes a worker's end a moment later.
    let has_crashed = answer.is_none()
        && within(Duration::from_secs(2), || {
            log = nginx.log();
            log.contains(CRASH)
        });
    let crash = log
        .lines()
        .find_map(|line| line.split_once(CRASH))
        .filter(|_| has_crashed);
    match (answer.as_deref(), how, crash) {
        (Some("holds"), None, None) => Ok(()),
        (Some(_), Some(how), None) => Err(how.to_owned()),
        (None, None, Some((_, signal))) => Err(format!("the worker ended by signal {signal}")),
        _ => panic!("{file}.lua, {scenario}: {answer:?}\n{log}"),
    }
}
