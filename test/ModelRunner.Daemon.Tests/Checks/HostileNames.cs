using System.Globalization;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Checks;

/// <summary>150 names that are paths, digests, commands, or look like <c>tiny-chat</c>.</summary>
internal static class HostileNames
{
    private const int Traversals = 60;
    private const int Digests = 40;
    private const int Commands = 30;
    private const int Lookalikes = 20;

    /// <summary>The names.</summary>
    /// <param name="folder">Some lead to the files <c>outside</c> and <c>outside.gguf</c> in it, and the commands make a file <c>touched</c> there.</param>
    public static IReadOnlyList<string> In(TemporaryFolder folder)
    {
        string[] names = [.. TraversalNames(folder), .. DigestNames(), .. CommandNames(folder), .. LookalikeNames()];
        Assert.Equal(Traversals + Digests + Commands + Lookalikes, names.Distinct(StringComparer.Ordinal).Count());
        return names;
    }

    // A file with the name exists at some of these paths.
    private static IEnumerable<string> TraversalNames(TemporaryFolder folder)
    {
        string[] targets = ["outside", "outside.gguf", "etc/passwd", $"{folder.Path.TrimStart('/')}/outside.gguf", "proc/self/environ"];
        string[] forms = ["../{0}", "../../../../../../../../{0}", "/{0}", "..\\{0}", "%2e%2e/{0}", "..%2f{0}", "tiny-chat/../../{0}", "./../{0}", "....//{0}", "file:///{0}", "~/{0}", "..\0/{0}"];
        return forms.SelectMany(form => targets.Select(target => string.Format(CultureInfo.InvariantCulture, form, target)));
    }

    private static IEnumerable<string> DigestNames()
    {
        string zeros = new('0', 64);
        string[] digests =
        [
            $"sha256:{zeros}", $"sha256-{zeros}", $"SHA256:{zeros}", $"sha256:{zeros[1..]}", $"sha256:{zeros}0", $"sha256:{zeros[..62]}/.", $"sha256:../{zeros}", $"sha512:{zeros}",
            $"sha256:{new string('g', 64)}", "sha256:",
        ];
        return digests.Concat(digests.Select(static digest => $"tiny-chat@{digest}")).Concat(digests.Select(static digest => $"../blobs/{digest}"))
            .Concat(digests.Select(static digest => $"{digest}/../../outside"));
    }

    private static IEnumerable<string> CommandNames(TemporaryFolder folder)
    {
        string touch = $"touch {folder.PathOf("touched")}";
        string[] forms =
        [
            "$({0})", "`{0}`", ";{0}", "|{0}", "&&{0}", "&{0}", "\n{0}\n", "'; {0} #", "\"; {0} #", "${{IFS}}{0}", "tiny-chat;{0}", "tiny-chat$({0})", "tiny-chat`{0}`", "--log-file {0}", "-m {0}",
        ];
        return forms.SelectMany(form => (string[])[string.Format(CultureInfo.InvariantCulture, form, touch), string.Format(CultureInfo.InvariantCulture, form, touch) + ":latest"]);
    }

    private static IEnumerable<string> LookalikeNames() =>
    [
        "tіny-chat", "tiny‐chat", "tiny‑chat", "tiny–chat", "tiny-сhat", "ｔiny-chat", "tiny-chat\u200b", "\u200btiny-chat", "tiny\u00adchat", "tiny-chat\u202e", "tiny-ｃhat", "tınу-chat",
        "tiny-chat∶latest", "tiny-chat：latest", "tiny-chat\ufeff", "ⅼatest/tiny-chat", "tiny-chat\u0301", "tiny‒chat", "tiny—chat", "tiny_chat",
    ];
}
