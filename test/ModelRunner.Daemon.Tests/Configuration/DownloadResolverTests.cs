using ModelRunner.Configuration;

namespace ModelRunner.Daemon.Tests.Configuration;

/// <summary>The options of pulls and registries.</summary>
public sealed class DownloadResolverTests : IDisposable
{
    private readonly ConfigurationFixture _fixture = new();

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public void Nothing_is_set_by_default()
    {
        DownloadSettings settings = _fixture.Settings().Downloads;

        Assert.Null(settings.BytesPerSecond);
        Assert.Null(settings.AuthorityFile);
        Assert.Empty(settings.Mirrors);
        Assert.Empty(settings.PlainHttpHosts);
        Assert.Empty(settings.TrustedRealms);
    }

    [Theory]
    [InlineData("20MB/s", 20_000_000)]
    [InlineData("20MB", 20_000_000)]
    [InlineData(" 512 KiB/s", 524_288)]
    [InlineData("1000000", 1_000_000)]
    public void The_limit_is_a_size_for_each_second(string text, long expected)
    {
        _fixture.Environment["MODEL_RUNNER_PULL_LIMIT"] = text;
        Assert.Equal(expected, _fixture.Settings().Downloads.BytesPerSecond);
    }

    [Theory]
    [InlineData("0")]
    [InlineData("1KB/s")]
    [InlineData("20MB/m")]
    [InlineData("fast")]
    public void A_limit_that_is_no_rate_is_refused(string text)
    {
        _fixture.Flags["--pull-limit"] = text;
        Assert.Equal(
            $"--pull-limit: \"{text}\" is not a rate from 16KiB/s to 1TiB/s, such as 20MB/s or 512KiB/s; change it or leave it out.", _fixture.Problem());
    }

    [Fact]
    public void A_flag_needs_a_unit_and_a_variable_does_not()
    {
        _fixture.Environment["MODEL_RUNNER_PULL_LIMIT"] = "20000000";
        Assert.Equal(20_000_000, _fixture.Settings().Downloads.BytesPerSecond);

        _fixture.Flags["--pull-limit"] = "20";

        Assert.Equal("--pull-limit: \"20\" has no unit; write 20KB/s or 20MB/s.", _fixture.Problem());
    }

    [Fact]
    public void The_lists_are_read_from_the_file_and_from_the_environment()
    {
        _fixture.File = """
            { "registries": { "plainHttp": ["Reg.lan:5000", "10.0.0.7"], "trustedRealms": "auth.lan",
              "mirrors": ["https://mirror.lan/hub", "mirror.lan:8443", "http://reg.lan:5000", "http://127.0.0.1:9"] } }
            """;
        DownloadSettings settings = _fixture.Settings().Downloads;
        Assert.Equal(["reg.lan:5000", "10.0.0.7"], settings.PlainHttpHosts);
        Assert.Equal(["auth.lan"], settings.TrustedRealms);
        Assert.Equal(
            ["https://mirror.lan/hub", "https://mirror.lan:8443/", "http://reg.lan:5000/", "http://127.0.0.1:9/"],
            settings.Mirrors.Select(static mirror => mirror.AbsoluteUri));

        _fixture.Environment["MODEL_RUNNER_REGISTRY_MIRRORS"] = "a.lan, b.lan";
        Assert.Equal(["https://a.lan/", "https://b.lan/"], _fixture.Settings().Downloads.Mirrors.Select(static mirror => mirror.AbsoluteUri));
    }

    [Theory]
    [InlineData("mirrors", "ftp://a.lan", "is not addresses such as")]
    [InlineData("mirrors", "https://user:secret@a.lan", "is not addresses such as")]
    [InlineData("mirrors", "http://a.lan", "is plain http; use https, or add a.lan to registries.plainHttp")]
    [InlineData("plainHttp", "http://a.lan", "is not host names or IP addresses such as")]
    [InlineData("plainHttp", "a.lan/path", "is not host names or IP addresses such as")]
    [InlineData("plainHttp", "*", "is not host names or IP addresses such as")]
    [InlineData("plainHttp", "a.lan:99999", "is not host names or IP addresses such as")]
    [InlineData("trustedRealms", "a b", "is not host names or IP addresses such as")]
    [InlineData("caFile", "/nowhere/ca.pem", "does not exist; name a PEM file")]
    public void Values_that_cannot_be_used_are_problems(string key, string value, string expected)
    {
        _fixture.File = $$"""{ "registries": { "{{key}}": "{{value}}" } }""";
        Assert.Contains(expected, _fixture.Problem(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_without_a_certificate_is_a_problem()
    {
        _fixture.Environment["MODEL_RUNNER_REGISTRY_CA_FILE"] = _fixture.Folder.Write("ca.pem", "hello");
        Assert.Contains("has no certificate in PEM form", _fixture.Problem(), StringComparison.Ordinal);
    }
}
