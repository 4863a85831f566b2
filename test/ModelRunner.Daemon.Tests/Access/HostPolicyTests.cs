using System.Net;
using Microsoft.AspNetCore.Http;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Access;
using ModelRunner.Daemon.Responses;

namespace ModelRunner.Daemon.Tests.Access;

public sealed class HostPolicyTests
{
    [Theory]
    [InlineData("localhost", true)]
    [InlineData("LOCALHOST:8080", true)]
    [InlineData("127.0.0.1:8080", true)]
    [InlineData("192.168.1.7", true)]
    [InlineData("[::1]:8080", true)]
    [InlineData("localhost.", true)]
    [InlineData("localhost.:8080", true)]
    [InlineData("model-runner.docker.internal", true)]
    [InlineData("host.docker.internal:12434", true)]
    [InlineData("gateway.docker.internal", true)]
    [InlineData("host.containers.internal", true)]
    [InlineData("", false)]
    [InlineData(".", false)]
    [InlineData("evil.example", false)]
    [InlineData("evil.example.", false)]
    [InlineData("host.docker.internal.evil.example", false)]
    [InlineData("localhost.evil.example", false)]
    [InlineData("127.0.0.1.evil.example:8080", false)]
    [InlineData("gpu-box", false)]
    [InlineData("other.docker.internal", false)]
    public void On_loopback_only_localhost_and_IP_addresses_are_served(string host, bool isServed) =>
        Assert.Equal(isServed, Check(host, IPAddress.Loopback, null));

    [Theory]
    [InlineData("gpu-box:8080", true)]
    [InlineData("gpu-box.local", true)]
    [InlineData("model-runner.docker.internal", true)]
    [InlineData("evil.example", false)]
    [InlineData("internal.evil.example", false)]
    public void For_other_machines_private_host_names_are_served_too(string host, bool isServed) =>
        Assert.Equal(isServed, Check(host, IPAddress.Any, null));

    [Fact]
    public void With_a_key_all_host_names_are_served() =>
        Assert.True(Check("models.company.example", IPAddress.Any, "secret"));

    [Theory]
    [InlineData("model-runner", true)]
    [InlineData("Model-Runner.LLM:8080", true)]
    [InlineData("a.pods.example", true)]
    [InlineData("a.b.pods.example.", true)]
    [InlineData("pods.example", false)]
    [InlineData("evilpods.example", false)]
    [InlineData("model-runner.llm.evil.example", false)]
    public void Allowed_host_names_are_served_on_loopback(string host, bool isServed) =>
        Assert.Equal(isServed, Check(host, IPAddress.Loopback, null, ["model-runner", "model-runner.llm", "*.pods.example"]));

    [Theory]
    [InlineData("HTTP/1.0", true)]
    [InlineData("HTTP/1.1", false)]
    [InlineData("HTTP/2", false)]
    public void A_request_without_a_host_is_served_only_in_HTTP_1_0(string protocol, bool isServed)
    {
        var settings = new DaemonSettings { Listen = new ListenSettings(null, new IPEndPoint(IPAddress.Loopback, 8080)), ModelsPath = "/nowhere" };
        var context = new DefaultHttpContext();
        context.Request.Protocol = protocol;

        Assert.Equal(isServed, new HostPolicy(settings, () => settings.RequiresKey).Check(context.Request) is null);
    }

    private static bool Check(string host, IPAddress bind, string? key, string[]? allowed = null)
    {
        var listen = new ListenSettings(null, new IPEndPoint(bind, 8080));
        var settings = new DaemonSettings { Listen = listen, ModelsPath = "/nowhere", ApiKey = key, AllowedHosts = allowed ?? [] };
        var context = new DefaultHttpContext();
        context.Request.Host = new HostString(host);

        ApiError? error = new HostPolicy(settings, () => settings.RequiresKey).Check(context.Request);
        Assert.True(error is null or { Status: 403 });
        return error is null;
    }
}
