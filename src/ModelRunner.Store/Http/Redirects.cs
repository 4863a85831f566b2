using System.Net;

namespace ModelRunner.Store.Http;

/// <summary>Which redirects are followed, and how (RFC 9110, section 15.4).</summary>
internal static class Redirects
{
    /// <summary>Whether a response names another address to ask.</summary>
    public static bool Is(HttpStatusCode status) => (int)status is 301 or 302 or 303 or 307 or 308;

    /// <summary>Whether a redirect leads to another server.</summary>
    public static bool IsForeign(HttpResponseMessage response, Uri address) =>
        response.Headers.Location is { } location && Uri.TryCreate(address, location, out Uri? target) && !Origins.AreSame(target, address);

    /// <summary>The next address.</summary>
    /// <exception cref="RemoteException">There is none, or it would leave https.</exception>
    public static Uri TargetOf(HttpResponseMessage response, Uri first, Uri address)
    {
        if (response.Headers.Location is not { } location)
            throw Refuse(first, $"{Origins.HostOf(address)} redirected to no address");
        if (!Uri.TryCreate(address, location, out Uri? target) || (target.Scheme != Uri.UriSchemeHttps && target.Scheme != Uri.UriSchemeHttp))
            throw Refuse(first, $"{Origins.HostOf(address)} redirected to an address that is neither https nor http");
        if (address.Scheme == Uri.UriSchemeHttps && target.Scheme == Uri.UriSchemeHttp)
            throw Refuse(first, $"{Origins.HostOf(address)} redirected from https to {Origins.Of(target)}, where others could read and change the data");
        return target;
    }

    /// <summary>The next method.</summary>
    /// <exception cref="RemoteException">The body of the request would get lost.</exception>
    public static HttpMethod MethodAfter(HttpStatusCode status, HttpMethod method, Uri address)
    {
        if (method == HttpMethod.Get || method == HttpMethod.Head || (int)status is 307 or 308)
            return method;
        return (int)status == 303
            ? HttpMethod.Get
            : throw Refuse(address, $"it answered a {method} with {(int)status}, which would drop the data that was sent");
    }

    /// <summary>A server on the internet led to an internal address.</summary>
    public static RemoteException RefuseInternal(Uri first, Uri target) => new(
        RemoteReason.BadRedirect,
        $"{Origins.HostOf(first)} leads to {Origins.HostOf(target)}, which is in an internal network; it was not asked, because a server on the internet "
        + "must not choose addresses there; check the name of the host");

    public static RemoteException Refuse(Uri first, string why) => new(
        RemoteReason.BadRedirect, $"the redirect of {Origins.HostOf(first)} was not followed: {why}; check the name of the host and the settings of the proxy");
}
