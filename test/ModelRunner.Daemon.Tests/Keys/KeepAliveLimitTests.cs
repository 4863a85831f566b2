using ModelRunner.Configuration;
using ModelRunner.Daemon.Keys;
using ModelRunner.Daemon.Models;

namespace ModelRunner.Daemon.Tests.Keys;

public sealed class KeepAliveLimitTests
{
    [Theory]
    [InlineData(null, 300, null)]
    [InlineData(0, 300, 0)]
    [InlineData(299, 300, 299)]
    [InlineData(300, 300, 300)]
    [InlineData(301, 300, null)]
    [InlineData(-1, 300, null)]
    [InlineData(-1, 0, null)]
    [InlineData(-1, -1, -1)]
    [InlineData(9000, -1, 9000)]
    public void A_key_without_admin_cannot_keep_a_model_longer_than_the_settings_say(int? asked, int own, int? expected)
    {
        var ada = new Caller("ada", new KeySettings("ada", KeyDigest.Of("a")));

        Assert.Equal(Time(expected), new KeepAliveLimit(() => Time(own)!.Value).Apply(ada, Time(asked), Model(null)));
        Assert.Equal(Time(expected), new KeepAliveLimit(static () => TimeSpan.FromSeconds(1)).Apply(ada, Time(asked), Model(Time(own))));
    }

    [Fact]
    public void A_key_without_admin_cannot_stop_a_model_that_the_settings_preload()
    {
        var ada = new Caller("ada", new KeySettings("ada", KeyDigest.Of("a")));
        var limit = new KeepAliveLimit(static () => TimeSpan.FromMinutes(5));
        ModelEntry model = Model(null) with { Settings = new ModelSettings { IsPreloaded = true } };

        Assert.Null(limit.Apply(ada, TimeSpan.Zero, model));
        Assert.Equal(TimeSpan.Zero, limit.Apply(Caller.Default, TimeSpan.Zero, model));
    }

    [Fact]
    public void Others_can()
    {
        var admin = new Caller("root", new KeySettings("root", KeyDigest.Of("r")) { Scopes = KeyScopes.Admin | KeyScopes.Inference });
        var limit = new KeepAliveLimit(static () => TimeSpan.FromMinutes(5));

        foreach (Caller caller in (Caller[])[admin, Caller.Default, Caller.WithoutKey])
            Assert.Equal(Timeout.InfiniteTimeSpan, limit.Apply(caller, Timeout.InfiniteTimeSpan, Model(null)));
    }

    private static ModelEntry Model(TimeSpan? own) => new("a:latest", Path: null, 0, default, new ModelSettings { KeepAlive = own });

    private static TimeSpan? Time(int? seconds) => seconds is not { } some ? null : some < 0 ? Timeout.InfiniteTimeSpan : TimeSpan.FromSeconds(some);
}
