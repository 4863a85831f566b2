using ModelRunner.Configuration;
using ModelRunner.Daemon.Access;
using ModelRunner.Daemon.Api;
using ModelRunner.Daemon.Hosting.Connections;
using ModelRunner.Daemon.Keys;
using ModelRunner.Daemon.Ledger;
using ModelRunner.Daemon.Responses;

namespace ModelRunner.Daemon.Hosting;

/// <summary>What every request passes before its endpoint.</summary>
internal static class RequestMiddleware
{
    /// <summary>Adds it, in the order in which requests pass it.</summary>
    public static void Use(WebApplication web, SettingsStore store, KeyStore keys, RequestLedger ledger, TimeProvider time)
    {
        ILoggerFactory logs = web.Services.GetRequiredService<ILoggerFactory>();
        AccessRules rules = AccessRules.Of(store.Current, () => keys.Current.IsRequired);
        store.Subscribe(next => Volatile.Write(ref rules, AccessRules.Of(next, () => keys.Current.IsRequired)));
        ILogger<RequestIdentity> requestLog = logs.CreateLogger<RequestIdentity>();
        web.Use(next => new RequestIdentity(next, time, requestLog).InvokeAsync);
        web.Use(next => new KeepAliveHint(next).InvokeAsync);
        web.Use(next => new CleanPath(next).InvokeAsync);
        web.Use(next => new ErrorHandling(next, logs.CreateLogger<ErrorHandling>()).InvokeAsync);
        web.Use(next => new FramingControl(next).InvokeAsync);
        var connections = web.Services.GetRequiredService<ConnectionTable>();
        web.Use(next => new ConnectionLimit(next, connections, time).InvokeAsync);
        web.Use(next => new AccessControl(next, () => Volatile.Read(ref rules)).InvokeAsync);
        web.UseRouting();
        var policy = new KeyPolicy(time);
        web.Use(next => new KeyControl(next, keys, policy, ledger).InvokeAsync);
    }
}
