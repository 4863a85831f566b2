using ModelRunner.Store.Http;
using ModelRunner.Store.Registries;
using ModelRunner.Store.Registries.Access;

namespace ModelRunner.Store.Tests.Registries;

/// <summary>CVE-2025-51471: a registry that sends the credentials to somebody else.</summary>
public sealed class RealmRuleTests
{
    [Theory]
    [InlineData("docker.io", "https://registry-1.docker.io/", "https://auth.docker.io/token", true)]
    [InlineData("registry.gitlab.com", "https://registry.gitlab.com/", "https://gitlab.com/jwt/auth", true)]
    [InlineData("ghcr.io", "https://ghcr.io/", "https://ghcr.io/token", true)]
    [InlineData("reg.example:5000", "https://reg.example:5000/", "https://reg.example:5001/token", true)]
    [InlineData("reg.example", "https://reg.example/", "https://tokens.example/token", true)]
    [InlineData("docker.io", "https://registry-1.docker.io/", "https://auth.docker.io:444/token", false)]
    [InlineData("docker.io", "https://registry-1.docker.io/", "https://auth.docker.io.evil.example/token", false)]
    [InlineData("evil.example", "https://evil.example/", "https://auth.docker.io/token", false)]
    [InlineData("reg.example", "https://reg.example/", "https://sub.reg.example/token", false)]
    [InlineData("registry.ollama.ai", "https://registry.ollama.ai/", "https://ollama.com/token", false)]
    public void Credentials_go_to_the_token_server_of_the_registry_only(string host, string address, string realm, bool isTrusted)
    {
        var rule = new RealmRule(["tokens.example"], []);
        var endpoint = new RegistryEndpoint(host, new Uri(address), IsMirror: false);

        Assert.Equal(isTrusted, rule.Trusts(endpoint, rule.Check(endpoint, realm)));
    }

    [Theory]
    [InlineData("https://reg.example/", "http://reg.example/token")]
    [InlineData("https://reg.example/", "http://127.0.0.1/token")]
    [InlineData("https://reg.example/", "https://127.0.0.1/token")]
    [InlineData("https://reg.example/", "https://localhost/token")]
    [InlineData("https://reg.example/", "https://169.254.169.254/latest/meta-data")]
    [InlineData("https://reg.example/", "https://10.0.0.1/token")]
    [InlineData("https://reg.example/", "https://[fd00::1]/token")]
    [InlineData("https://reg.example/", "https://[::ffff:127.0.0.1]/token")]
    [InlineData("https://127.0.0.1:5000/", "http://127.0.0.1:5001/token")]
    [InlineData("http://127.0.0.1:5000/", "http://tokens.example/token")]
    [InlineData("https://reg.example/", "file:///etc/passwd")]
    [InlineData("https://reg.example/", "token")]
    [InlineData("https://reg.example/", null)]
    public void Some_token_servers_are_not_asked(string address, string? realm)
    {
        var endpoint = new RegistryEndpoint("the registry", new Uri(address), IsMirror: false);

        RemoteException failure = Assert.Throws<RemoteException>(() => new RealmRule([], []).Check(endpoint, realm));

        Assert.Equal(RemoteReason.Untrusted, failure.Reason);
        Assert.DoesNotContain("meta-data", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_error_says_why_a_token_server_is_not_asked()
    {
        var endpoint = new RegistryEndpoint("reg.example", new Uri("https://reg.example/"), IsMirror: false);

        RemoteException failure = Assert.Throws<RemoteException>(() => new RealmRule([], []).Check(endpoint, "http://reg.example/token"));

        Assert.Equal(
            "the registry reg.example names http://reg.example as its token server; it was not asked, because it is plain http; "
            + "check the name of the registry",
            failure.Message);
    }

    [Theory]
    [InlineData("http://127.0.0.1:5000/", "http://127.0.0.1:5001/token")]
    [InlineData("http://127.0.0.1:5000/", "http://localhost:5001/token")]
    [InlineData("http://lab.example:5000/", "http://lab.example:5000/token")]
    [InlineData("https://10.0.0.1/", "https://10.0.0.2/token")]
    [InlineData("https://reg.example/", "https://192.168.0.9/token")]
    public void Token_servers_near_the_registry_are_asked(string address, string realm)
    {
        var endpoint = new RegistryEndpoint("the registry", new Uri(address), IsMirror: false);

        Assert.Equal(realm, new RealmRule(["192.168.0.9"], ["lab.example:5000"]).Check(endpoint, realm).AbsoluteUri);
    }
}
