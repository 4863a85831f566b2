namespace ModelRunner.Store.Http;

/// <summary>A server on the internet named a host whose addresses are all in internal networks.</summary>
internal sealed class InternalAddressException(string host) : IOException($"{host} has only addresses in internal networks");
