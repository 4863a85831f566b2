using System.Net;
using ModelRunner.Store.Http;

namespace ModelRunner.Store.Tests.Http;

public sealed class ProxyRulesTests
{
    /// <summary>The cases of Go's own tests (golang.org/x/net/http/httpproxy), and those of curl that do not contradict them.</summary>
    [Theory]
    [InlineData("example.com", "https://example.com/", true)]
    [InlineData("example.com", "https://www.example.com/", true)]
    [InlineData("example.com", "https://notexample.com/", false)]
    [InlineData(".example.com", "https://example.com/", false)]
    [InlineData(".example.com", "https://www.example.com/", true)]
    [InlineData("*.example.com", "https://www.example.com/", true)]
    [InlineData("*.example.com", "https://example.com/", false)]
    [InlineData("EXAMPLE.com", "https://Www.Example.COM/", true)]
    [InlineData("example.com.", "https://example.com/", true)]
    [InlineData("example.com", "https://example.com./", true)]
    [InlineData("a.example, b.example", "https://b.example/", true)]
    [InlineData("a.example b.example", "https://b.example/", true)]
    [InlineData("*", "https://anything.example/", true)]
    [InlineData("example.com:443", "https://example.com/", true)]
    [InlineData("example.com:8443", "https://example.com/", false)]
    [InlineData("example.com:8443", "https://sub.example.com:8443/", true)]
    [InlineData("10.0.0.0/8", "https://10.20.30.40/", true)]
    [InlineData("10.1.2.3/8", "https://10.20.30.40/", true)]
    [InlineData("10.0.0.0/8", "https://11.0.0.1/", false)]
    [InlineData("192.168.1.128/25", "https://192.168.1.127/", false)]
    [InlineData("192.168.1.1", "https://192.168.1.1/", true)]
    [InlineData("192.168.1.1", "https://192.168.1.10/", false)]
    [InlineData("192.168.1.1:8443", "https://192.168.1.1/", false)]
    [InlineData("192.168.1.1:8443", "https://192.168.1.1:8443/", true)]
    [InlineData("2001:db8::/52", "https://[2001:db8::1]/", true)]
    [InlineData("[2001:db8::1]:443", "https://[2001:db8::1]/", true)]
    [InlineData("2001:db8::1", "https://[2001:db8::2]/", false)]
    [InlineData("10.0.0.0/8", "https://ten.example/", false)]
    [InlineData("10.0.0.0/33", "https://10.0.0.1/", false)]
    [InlineData("", "https://example.com/", false)]
    [InlineData(", ,", "https://example.com/", false)]
    public void NO_PROXY_means_what_it_means_for_other_programs(string list, string address, bool isExempt)
    {
        ProxyRules rules = Make(("HTTPS_PROXY", "proxy.example:3128"), ("NO_PROXY", list));

        Assert.Equal(isExempt ? null : "http://proxy.example:3128/", rules.GetProxy(new Uri(address))?.AbsoluteUri);
        Assert.Equal(isExempt, rules.IsBypassed(new Uri(address)));
    }

    [Theory]
    [InlineData("http://127.0.0.1:5000/")]
    [InlineData("http://127.9.9.9/")]
    [InlineData("http://localhost:5000/")]
    [InlineData("https://[::1]/")]
    public void This_machine_is_asked_directly(string address) =>
        Assert.True(Make(("ALL_PROXY", "http://proxy.example")).IsBypassed(new Uri(address)));

    [Fact]
    public void Each_scheme_has_its_proxy_and_the_rest_has_that_for_all()
    {
        ProxyRules rules = Make(("http_proxy", "http://a.example:1"), ("ALL_PROXY", "socks5h://b.example:2"));

        Assert.Equal("http://a.example:1/", rules.GetProxy(new Uri("http://x.example/"))?.AbsoluteUri);
        Assert.Equal("socks5://b.example:2/", rules.GetProxy(new Uri("https://x.example/"))?.AbsoluteUri);
    }

    [Fact]
    public void Capitals_come_first_and_an_empty_variable_is_none()
    {
        Assert.Equal("http://b.example", Make(("HTTPS_PROXY", "b.example"), ("https_proxy", "a.example")).DescribeFor(new Uri("https://x.example/")));
        Assert.Equal("http://a.example", Make(("HTTPS_PROXY", " "), ("https_proxy", "a.example")).DescribeFor(new Uri("https://x.example/")));
        Assert.Null(Make(("HTTPS_PROXY", "")).DescribeFor(new Uri("https://x.example/")));
    }

    [Fact]
    public void A_password_is_for_its_proxy_only_and_is_not_shown()
    {
        ProxyRules rules = Make(("HTTPS_PROXY", "http://ann:p%40ss@proxy.example:3128"), ("HTTP_PROXY", "http://other.example:3128"));

        NetworkCredential? credential = rules.Credentials!.GetCredential(new Uri("http://proxy.example:3128"), "Basic");
        Assert.Equal(("ann", "p@ss"), (credential?.UserName, credential?.Password));
        Assert.Null(rules.Credentials.GetCredential(new Uri("http://other.example:3128"), "Basic"));
        Assert.Equal("http://proxy.example:3128", rules.DescribeFor(new Uri("https://x.example/")));
        Assert.DoesNotContain("ss", ProxyAddress.Read("HTTPS_PROXY", static _ => "http://ann:p%40ss@proxy.example:3128")!.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ftp://ann:secret@proxy.example")]
    [InlineData("http://")]
    [InlineData("http://ann:secret@:80")]
    public async Task What_is_no_address_of_a_proxy_is_told_by_the_request_without_showing_it(string value)
    {
        ProxyRules rules = Make(("HTTPS_PROXY", value), ("ALL_PROXY", "http://other.example:1"), ("NO_PROXY", "near.example"));
        using var client = new OutgoingClient(new OutgoingSettings { Proxies = rules }, TimeProvider.System);

        RemoteException failure = await Assert.ThrowsAsync<RemoteException>(() => client.SendAsync(
            new OutgoingRequest(HttpMethod.Get, new Uri("https://reg.invalid/v2/")), TestContext.Current.CancellationToken));

        Assert.Equal(RemoteReason.ProxyFailed, failure.Reason);
        Assert.StartsWith("reg.invalid was not asked: the variable HTTPS_PROXY ", failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", failure.Message, StringComparison.Ordinal);
        Assert.Null(rules.ProblemFor(new Uri("https://127.0.0.1/")));
        Assert.Null(rules.ProblemFor(new Uri("https://near.example/")));
        Assert.Null(rules.ProblemFor(new Uri("http://reg.invalid/")));
    }

    private static ProxyRules Make(params (string Name, string Value)[] variables) => ProxyRules.FromEnvironment(
        name => variables.Where(variable => variable.Name == name).Select(static variable => variable.Value).FirstOrDefault());
}
