using ModelRunner.Store.Http;

namespace ModelRunner.Store.HuggingFace;

/// <summary>Finds the next page of a list in the header <c>Link</c> (RFC 8288).</summary>
internal static class PageLink
{
    /// <summary>The address of the next page; null: there is none.</summary>
    /// <param name="response">One page.</param>
    /// <param name="home">The server that may get the token.</param>
    /// <exception cref="RemoteException">It is on another server, which must not get the token.</exception>
    public static Uri? NextOf(OutgoingResponse response, Uri home)
    {
        if (!response.Message.Headers.NonValidated.TryGetValues("Link", out System.Net.Http.Headers.HeaderStringValues lines))
            return null;
        foreach (string line in lines)
        {
            if (Find(line) is not { } found)
                continue;
            if (!Uri.TryCreate(response.Address, found, out Uri? next) || !Origins.AreSame(next, home))
            {
                throw new RemoteException(
                    RemoteReason.BadRedirect,
                    $"{Origins.HostOf(response.Address)} names a next page of the list of files on another server, which was not asked; check HF_ENDPOINT");
            }

            return next;
        }

        return null;
    }

    // <address>; rel="next", <address>; rel="last"
    private static string? Find(string line)
    {
        int start = 0;
        while (line.IndexOf('<', start) is >= 0 and var open && line.IndexOf('>', open) is > 0 and var close)
        {
            int end = line.IndexOf('<', close) is >= 0 and var following ? following : line.Length;
            string parameters = line[(close + 1)..end].Replace(" ", "", StringComparison.Ordinal);
            if (parameters.Replace("\"", "", StringComparison.Ordinal).Contains(";rel=next", StringComparison.OrdinalIgnoreCase))
                return line[(open + 1)..close];
            start = end;
        }

        return null;
    }
}
