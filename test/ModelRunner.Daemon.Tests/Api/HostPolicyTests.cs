using System.Net;
using Microsoft.AspNetCore.Http;
using ModelRunner.Daemon.Api;
using ModelRunner.Daemon.Configuration;

namespace ModelRunner.Daemon.Tests.Api;

public sealed class HostPolicyTests
{
    [Theory]
    [InlineData("localhost", true)]
    [InlineData("LOCALHOST:8080", true)]
    [InlineData("127.0.0.1:8080", true)]
    [InlineData("192.168.1.7", true)]
    [InlineData("[::1]:8080", true)]
    [InlineData("", false)]
    [InlineData("evil.example", false)]
    [InlineData("localhost.evil.example", false)]
    [InlineData("127.0.0.1.evil.example:8080", false)]
    [InlineData("gpu-box", false)]
    [InlineData("model-runner.docker.internal", false)]
    public void On_loopback_only_localhost_and_numbers_are_served(string host, bool isServed) =>
        Assert.Equal(isServed, Check(host, IPAddress.Loopback, null));

    [Theory]
    [InlineData("gpu-box:8080", true)]
    [InlineData("gpu-box.local", true)]
    [InlineData("model-runner.docker.internal", true)]
    [InlineData("evil.example", false)]
    [InlineData("internal.evil.example", false)]
    public void For_other_machines_names_that_nobody_can_register_are_served_too(string host, bool isServed) =>
        Assert.Equal(isServed, Check(host, IPAddress.Any, null));

    [Fact]
    public void With_a_key_every_name_is_served_since_a_rebound_page_does_not_know_it() =>
        Assert.True(Check("models.company.example", IPAddress.Any, "secret"));

    private static bool Check(string host, IPAddress bind, string? key)
    {
        var listen = new ListenSettings(null, new IPEndPoint(bind, 8080));
        var settings = new DaemonSettings { Listen = listen, ModelsPath = "/nowhere", ApiKey = key };
        var context = new DefaultHttpContext();
        context.Request.Host = new HostString(host);

        ApiError? error = new HostPolicy(settings).Check(context.Request);
        Assert.True(error is null or { Status: 403 });
        return error is null;
    }
}
