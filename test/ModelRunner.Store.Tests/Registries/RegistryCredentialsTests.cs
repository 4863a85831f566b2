using System.Diagnostics;
using System.Text;
using ModelRunner.Store.Registries.Access;
using ModelRunner.Testing;

namespace ModelRunner.Store.Tests.Registries;

/// <summary>What <c>docker login</c> and its helpers keep.</summary>
public sealed class RegistryCredentialsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly Dictionary<string, string> _variables = new(StringComparer.Ordinal);
    private readonly List<string> _notices = [];
    private readonly RegistryCredentials _credentials;

    public RegistryCredentialsTests()
    {
        _credentials = new RegistryCredentials(_variables.GetValueOrDefault, _folder.Path, _notices.Add, TimeProvider.System);
        _variables["PATH"] = $"relative:{_folder.PathOf("bin")}:/usr/bin:/bin";
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _credentials.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData("reg.example", "reg.example")]
    [InlineData("reg.example:5000", "reg.example:5000")]
    [InlineData("reg.example", "https://reg.example")]
    [InlineData("reg.example", "https://reg.example/v1/")]
    [InlineData("reg.example", "http://REG.example/v2")]
    [InlineData("docker.io", "https://index.docker.io/v1/")]
    [InlineData("docker.io", "docker.io")]
    [InlineData("docker.io", "registry-1.docker.io")]
    public async Task A_login_is_found_under_each_name_of_its_registry(string host, string key)
    {
        Write($$$"""{"auths":{"other.example":{"auth":"{{{Encode("x:y")}}}"},"{{{key}}}":{"auth":"{{{Encode("ann:pa:ss")}}}"} } }""");

        RegistryCredential? found = await _credentials.FindAsync(host, Cancellation);

        Assert.Equal(("ann", "pa:ss"), found?.User);
        Assert.Null(await _credentials.FindAsync("unknown.example", Cancellation));
        Assert.Empty(_notices);
    }

    [Theory]
    [InlineData("reg.example", "reg.example:5000")]
    [InlineData("reg.example:5000", "reg.example")]
    [InlineData("reg.example", "sub.reg.example")]
    [InlineData("reg.example", "reg.example.evil.example")]
    public async Task Another_host_gets_nothing(string host, string key)
    {
        Write($$$"""{"auths":{"{{{key}}}":{"auth":"{{{Encode("ann:secret")}}}"} } }""");

        Assert.Null(await _credentials.FindAsync(host, Cancellation));
    }

    [Fact]
    public async Task All_forms_of_a_login_are_read()
    {
        Write("""
            {"auths":{"a.example":{"username":"ann","password":"p"},"b.example":{"identitytoken":"i"},"c.example":{"registrytoken":"r"},"d.example":{},
            "e.example":{"auth":"not base64"},"f.example":7,"g.example":{"auth":"bm8gY29sb24="}}}
            """);

        Assert.Equal(("ann", "p"), (await _credentials.FindAsync("a.example", Cancellation))?.User);
        Assert.Equal("i", (await _credentials.FindAsync("b.example", Cancellation))?.IdentityToken);
        Assert.Equal("r", (await _credentials.FindAsync("c.example", Cancellation))?.RegistryToken);
        foreach (string host in (string[])["d.example", "e.example", "f.example", "g.example"])
            Assert.Null(await _credentials.FindAsync(host, Cancellation));
    }

    /// <summary>docker/for-win#14950, docker/for-win#808, moby/moby#44770.</summary>
    [Fact]
    public async Task A_file_that_was_edited_on_Windows_is_read()
    {
        string text = $$$"""{"auths":{"reg.example":{"auth":"{{{Encode("ann:secret")}}}"} } }""".Replace(",", ",\r\n", StringComparison.Ordinal) + "\r\n";
        _folder.Write(".docker/config.json", [0xEF, 0xBB, 0xBF, .. Encoding.UTF8.GetBytes(text)]);

        Assert.Equal("ann", (await _credentials.FindAsync("reg.example", Cancellation))?.User?.Name);
    }

    [Theory]
    [InlineData("")]
    [InlineData(" \r\n")]
    [InlineData("{}")]
    [InlineData("{\"auths\":null,\"credHelpers\":[],\"credsStore\":7}")]
    public async Task A_file_with_nothing_in_it_is_no_problem(string text)
    {
        Write(text);

        Assert.Null(await _credentials.FindAsync("reg.example", Cancellation));
        Assert.Empty(_notices);
    }

    [Theory]
    [InlineData("{\"auths\":{\n\"secret\"", "line 2")]
    [InlineData("[\"secret\"]", "is no JSON object")]
    [InlineData("{\"auths\":{\"\\ud800\":{\"username\":\"secret\"}}}", "has a text that is not valid Unicode")]
    [InlineData("{\"auths\":{\"reg.example\":{\"username\":\"secret\",\"password\":\"\\udc00\"}}}", "has a text that is not valid Unicode")]
    [InlineData("{\"credsStore\":\"\\ud800\"}", "has a text that is not valid Unicode")]
    public async Task A_broken_file_is_told_without_showing_it(string text, string problem)
    {
        Write(text);

        string? told = await FindProblemAsync();
        Assert.StartsWith("the credentials in Docker's config.json cannot be read: ", Assert.Single(_notices), StringComparison.Ordinal);
        Assert.Contains(problem, _notices[0], StringComparison.Ordinal);
        Assert.DoesNotContain("secret", _notices[0], StringComparison.Ordinal);
        Assert.Equal(_notices[0], told);
    }

    [Fact]
    public async Task A_file_that_is_none_is_told()
    {
        Directory.CreateDirectory(_folder.PathOf(".docker/config.json"));

        string? told = await FindProblemAsync();

        Assert.Equal($"the credentials in Docker's config.json cannot be read: {_folder.PathOf(".docker/config.json")} is a folder", told);
    }

    [Fact]
    public async Task A_helper_that_was_mended_is_asked_again_soon()
    {
        Helper("lab", "exit 3");
        Write("""{"credsStore":"lab"}""");
        var clock = new MovableClock();
        using var credentials = new RegistryCredentials(_variables.GetValueOrDefault, _folder.Path, _notices.Add, clock);
        Assert.NotNull((await credentials.FindAsync("reg.example", Cancellation))?.Problem);
        Helper("lab", """echo '{"Username":"ann","Secret":"secret"}'""");
        Assert.NotNull((await credentials.FindAsync("reg.example", Cancellation))?.Problem);

        clock.Advance(TimeSpan.FromSeconds(5));

        Assert.Equal("ann", (await credentials.FindAsync("reg.example", Cancellation))?.User?.Name);
    }

    [Fact]
    public async Task DOCKER_CONFIG_names_the_folder()
    {
        Write("""{"auths":{"reg.example":{"username":"home"}}}""");
        _folder.Write("other/config.json", """{"auths":{"reg.example":{"username":"other"}}}""");
        _variables["DOCKER_CONFIG"] = _folder.PathOf("other");

        Assert.Equal("other", (await _credentials.FindAsync("reg.example", Cancellation))?.User?.Name);
    }

    [Fact]
    public async Task The_variables_are_for_Docker_Hub_only()
    {
        (_variables["DOCKER_USERNAME"], _variables["DOCKER_PASSWORD"]) = ("hub", "secret");

        Assert.Equal(("hub", "secret"), (await _credentials.FindAsync("docker.io", Cancellation))?.User);
        Assert.Null(await _credentials.FindAsync("reg.example", Cancellation));
        Assert.Null(await _credentials.FindAsync("mirror.example", Cancellation));
    }

    [Theory]
    [InlineData("docker.io", "https://index.docker.io/v1/")]
    [InlineData("reg.example:5000", "reg.example:5000")]
    public async Task A_helper_gets_the_name_of_the_registry_and_answers(string host, string key)
    {
        Helper("lab", """[ "$1" = get ] && read -r key; echo "{\"ServerURL\":\"$key\",\"Username\":\"ann\",\"Secret\":\"for $key\"}" """);
        Write("""{"credsStore":"lab"}""");

        RegistryCredential? found = await _credentials.FindAsync(host, Cancellation);

        Assert.Equal(("ann", $"for {key}"), found?.User);
        Assert.DoesNotContain("for", found!.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_helper_of_one_registry_comes_before_that_of_all_and_that_before_the_file()
    {
        Helper("one", """echo '{"Username":"<token>","Secret":"identity"}'""");
        Helper("all", """echo 'credentials not found in native keychain'; exit 1""");
        Write("""{"credHelpers":{"one.example":"one"},"credsStore":"all","auths":{"one.example":{"username":"file"},"two.example":{"username":"file"}}}""");

        Assert.Equal("identity", (await _credentials.FindAsync("one.example", Cancellation))?.IdentityToken);
        Assert.Equal("file", (await _credentials.FindAsync("two.example", Cancellation))?.User?.Name);
        Assert.Null(await _credentials.FindAsync("three.example", Cancellation));
        Assert.Empty(_notices);
    }

    [Theory]
    [InlineData("echo secret; exit 3", "ended with the exit code 3")]
    [InlineData("echo secret", "answered with something else than user name and secret")]
    [InlineData(@"printf '%s' '{""Username"":""\ud800"",""Secret"":""secret""}'", "answered with something else than user name and secret")]
    [InlineData("echo '{\"Username\":\"secret\"}'", "answered with something else than user name and secret")]
    [InlineData("yes secret | head -c 1000000", "wrote more than 65536 bytes, which is the limit")]
    [InlineData("yes secret | head -c 1000000 >&2", "answered with something else than user name and secret")]
    public async Task A_helper_that_fails_is_told_and_the_registry_is_asked_without_credentials(string script, string problem)
    {
        Helper("lab", script);
        Write("""{"credsStore":"lab"}""");

        string? told = await FindProblemAsync();
        Assert.Equal($"the credentials of reg.example are not used: docker-credential-lab {problem}", Assert.Single(_notices));
        Assert.Equal(_notices[0], told);
    }

    [Theory]
    [InlineData("none", "docker-credential-none is not in PATH")]
    [InlineData("../../bin/sh", "its name is no name of a program")]
    [InlineData("a b", "its name is no name of a program")]
    public async Task A_helper_that_cannot_be_run_is_told(string name, string problem)
    {
        Write($$"""{"credsStore":"{{name}}"}""");

        string? told = await FindProblemAsync();
        Assert.EndsWith(problem, Assert.Single(_notices), StringComparison.Ordinal);
        Assert.Equal(_notices[0], told);
    }

    /// <summary>docker/for-win#12757: helpers that wait for minutes.</summary>
    [Fact]
    public async Task A_helper_that_hangs_is_ended_with_all_that_it_started()
    {
        Helper("lab", $"echo $$ >{_folder.PathOf("pids")}; sleep 300 & echo $! >>{_folder.PathOf("pids")}; setsid sleep 300 & echo $! >>{_folder.PathOf("pids")}; wait");
        Write("""{"credsStore":"lab"}""");
        long start = Stopwatch.GetTimestamp();

        string? told = await FindProblemAsync();
        TimeSpan first = Stopwatch.GetElapsedTime(start);
        Assert.Equal(told, await FindProblemAsync());

        Assert.InRange(first.TotalSeconds, 9.5, 30);
        Assert.EndsWith("did not answer within 10 s, which is the limit", Assert.Single(_notices), StringComparison.Ordinal);
        foreach (string process in await File.ReadAllLinesAsync(_folder.PathOf("pids"), Cancellation))
            await WaitForEndAsync(process);
    }

    [Fact]
    public async Task A_helper_is_asked_once_a_minute()
    {
        Helper("lab", $$"""echo x >>{{_folder.PathOf("calls")}}; echo '{"Username":"ann","Secret":"secret"}'""");
        Write("""{"credsStore":"lab"}""");
        var clock = new MovableClock();
        using var credentials = new RegistryCredentials(_variables.GetValueOrDefault, _folder.Path, _notices.Add, clock);

        await credentials.FindAsync("reg.example", Cancellation);
        await credentials.FindAsync("reg.example", Cancellation);
        Assert.Single(await File.ReadAllLinesAsync(_folder.PathOf("calls"), Cancellation));
        clock.Advance(TimeSpan.FromSeconds(61));
        await credentials.FindAsync("reg.example", Cancellation);

        Assert.Equal(2, (await File.ReadAllLinesAsync(_folder.PathOf("calls"), Cancellation)).Length);
    }

    private static async Task WaitForEndAsync(string process)
    {
        try
        {
            // A killed process is there until its parent has taken note of its end.
            while (!(await File.ReadAllTextAsync($"/proc/{process}/stat", Cancellation)).Contains(") Z ", StringComparison.Ordinal))
                await Task.Delay(10, Cancellation);
        }
        catch (IOException)
        {
            // It has ended.
        }
    }

    private static string Encode(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));

    // Credentials with a problem have no secrets.
    private async Task<string?> FindProblemAsync()
    {
        RegistryCredential? credential = await _credentials.FindAsync("reg.example", Cancellation);
        Assert.Equal((null, null, null), (credential?.Basic, credential?.IdentityToken, credential?.RegistryToken));
        return credential?.Problem;
    }

    private void Write(string text) => _folder.Write(".docker/config.json", text);

    private void Helper(string name, string script)
    {
        string path = _folder.Write($"bin/docker-credential-{name}", $"#!/bin/sh\n{script}\n");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }
}
