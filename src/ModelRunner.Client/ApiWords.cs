namespace ModelRunner.Client;

/// <summary>Puts the options of the command line in place of the names of the API, in the errors of a daemon.</summary>
internal static class ApiWords
{
    // The first one that fits is used, so longer ones come first.
    private static readonly (string Api, string Option)[] Words =
    [
        ("send force=true", "add --force"), ("force=true", "--force"), ("follow=true", "-f"), ("remote=true", "--remote"), ("license=true", "--license"),
        ("send one of them as null, or reset the model first", "reset the model first with --reset"),
        (", \"auto\" for the largest that fits, or null for the configured one", ", or auto for the largest that fits"),
        ("reset one with DELETE /engines/_configure?model=NAME", "reset one with \"model-runner configure NAME --reset\""),
        ("\"context-size\"", "--context-size"), ("context_size is", "--context-size is"),
        ("\"keep_alive\"", "--keep-alive"), ("\"reasoning-budget\"", "--reasoning-budget"),
        ("runtime-flags: ", ""), ("\"runtime-flags\"", "FLAGS"),
        ("keepUnder", "--keep-under"), ("unusedFor", "--unused-for"), ("dryRun", "--dry-run"), ("include_existing", "--include-existing"),
        ("write by=", "write --by "), ("since=", "--since "),
        ("give it one with tag", "give it one with \"model-runner tag\""),
        ("; send a ", "; write a "),
    ];

    /// <summary>The sentence in the words of the command line.</summary>
    public static string Replace(string sentence)
    {
        foreach ((string api, string option) in Words)
            sentence = sentence.Replace(api, option, StringComparison.Ordinal);
        return sentence;
    }
}
