//! What a person reads for a command line that is wrong, word for word: `tests/cli/*.trycmd`.

#[test]
fn a_wrong_command_line_gets_a_sentence_and_2() {
    let empty = tempfile::tempdir().unwrap();
    trycmd::TestCases::new()
        .env("XDG_CONFIG_HOME", empty.path().to_str().unwrap())
        .env("DAVAULT_REPOSITORY", "")
        .env("DAVAULT_PASSPHRASE", "only for this test")
        .case("tests/cli/*.trycmd");
}
