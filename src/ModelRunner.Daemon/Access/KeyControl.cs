using ModelRunner.Configuration;
using ModelRunner.Daemon.Accounting;
using ModelRunner.Daemon.Keys;
using ModelRunner.Daemon.Ledger;
using ModelRunner.Daemon.Responses;

namespace ModelRunner.Daemon.Access;

/// <summary>
/// Checks the key of every request and the scope that its route needs. Runs after routing, because the route has the scope, and before the
/// route is called, so that a refused request has no effect.
/// </summary>
internal sealed class KeyControl(RequestDelegate next, KeyStore keys, KeyPolicy policy, RequestLedger ledger)
{
    public async Task InvokeAsync(HttpContext context)
    {
        KeyScopes scope = RequiredScope.Of(context.GetEndpoint());
        bool needsKey = !AccessControl.IsUnixSocket(context) && !TrustedClient.MayRead(context);

        // A health check must not wait for a disk.
        KeyRing ring = KeyPolicy.IsForEveryone(context.Request) ? keys.Current : await keys.RefreshAsync(context.RequestAborted);
        (Caller caller, ApiError? error) = policy.Identify(ring, context, needsKey);
        if (error is null && scope != KeyScopes.None && !caller.Has(scope))
            error = KeyErrors.Scope(caller.Key!, scope);
        if (error is null)
        {
            context.Features.Set(caller);
            await next(context);
            return;
        }

        if (error.Status == StatusCodes.Status401Unauthorized)
            context.Response.Headers.WWWAuthenticate = "Bearer realm=\"model-runner\"";
        if (scope == KeyScopes.Inference)
            Count(caller, error);
        await ApiErrorWriter.WriteAsync(context, error);
    }

    private void Count(Caller caller, ApiError error)
    {
        RequestRecord record = ledger.Begin(caller.Name);
        (record.Outcome, record.Refusal) = (RequestOutcome.Refused, error.Code);
        record.SetStatus(error.Status);
        ledger.EndWithoutRow(record);
    }
}
