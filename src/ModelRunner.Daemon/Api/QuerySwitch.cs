using ModelRunner.Configuration;
using ModelRunner.Daemon.Responses;

namespace ModelRunner.Daemon.Api;

/// <summary>Reads a switch from the query of a request.</summary>
internal static class QuerySwitch
{
    /// <summary>Whether it is on; false if it is absent.</summary>
    /// <param name="query">The query.</param>
    /// <param name="name">Its name.</param>
    /// <param name="whenEmpty">What it means without a value.</param>
    /// <exception cref="ApiException">The value is no switch.</exception>
    public static bool Read(IQueryCollection query, string name, bool whenEmpty = false)
    {
        if (!query.ContainsKey(name))
            return false;
        string text = query[name].ToString();
        if (text.Length == 0)
            return whenEmpty;
        return SwitchText.TryParse(text, out bool isOn) ? isOn : throw new ApiException(ApiError.Invalid($"{name} is neither true nor false", name));
    }
}
