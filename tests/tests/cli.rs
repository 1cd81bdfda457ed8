//! The command line as data: `tests/cli/*.trycmd`, each a story of commands and what they print.
//! `TRYCMD=overwrite cargo test -p octolake-tests --test cli` writes what they print now.

use octolake_tests::binary;

#[test]
fn commands_print_what_their_stories_say() {
    let cases = trycmd::TestCases::new();
    cases
        .register_bin("lakequery", trycmd::schema::Bin::Path(binary::path()))
        .env("LAKE_URL", ".")
        .env("COLUMNS", "100")
        .case("cli/*.trycmd");
    cases.run();
}
