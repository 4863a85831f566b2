using ModelRunner.Testing;
using static ModelRunner.Daemon.Tests.Metrics.CaseDaemon;

namespace ModelRunner.Daemon.Tests.Metrics;

/// <summary>
/// Each hostile body of the conformance data, sent by one runner while another one is healthy. Which of its samples are on the page
/// is tested in the exposition's own tests.
/// </summary>
public sealed class HostileBodyTests(CaseDaemon bed) : IClassFixture<CaseDaemon>
{
    private static readonly string Folder = Path.Join(Repository.Root, "test", "ModelRunner.Exposition.Tests", "data", "conformance", "own-hostile");

    /// <summary>The bodies that must be refused according to EXPECT.tsv.</summary>
    private static readonly string[] Refused =
    [
        "02_json_escaped_body.txt", "07_duplicate_labels.txt", "17_invalid_utf8_label.txt", "21_bad_values.txt", "26_html_error_page.txt",
        "32_deep_braces.txt", "36_reserved_label.txt",
    ];

    public static TheoryData<string> Files => [.. File.ReadLines(Path.Join(Folder, "EXPECT.tsv")).Skip(1).Select(static line => line.Split('\t')[0])];

    [Theory]
    [MemberData(nameof(Files))]
    public async Task A_hostile_body_affects_only_its_own_runner(string file)
    {
        byte[] body = await File.ReadAllBytesAsync(Path.Join(Folder, file), TestContext.Current.CancellationToken);
        byte[] head = System.Text.Encoding.UTF8.GetBytes($"HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\nContent-Length: {body.Length}\r\n\r\n");

        string page = await bed.PageAsync([.. head, .. body]);

        bool isRefused = Refused.Contains(file, StringComparer.Ordinal);
        Assert.Equal(isRefused ? "parse" : null, DownOfA(page));
        Assert.True(!isRefused || SamplesOfA(page).Length == 0, page);
    }

    [Fact]
    public void Every_file_is_listed_and_every_refusal_is_a_file()
    {
        string[] files = [.. Directory.GetFiles(Folder, "*.txt").Select(static file => Path.GetFileName(file))];

        Assert.Equal(28, files.Length);
        Assert.Equal(files.Order(StringComparer.Ordinal), Files.Select(static row => row.Data).Order(StringComparer.Ordinal));
        Assert.Subset(files.ToHashSet(StringComparer.Ordinal), Refused.ToHashSet(StringComparer.Ordinal));
    }
}
