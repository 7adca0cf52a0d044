namespace CoQuic.Engine;

/// <summary>Counts a server's connections whose handshake is not complete: what an attacker without an address can make.</summary>
internal sealed class HalfOpenConnections
{
    public int Count { get; private set; }

    /// <summary>A connection was accepted.</summary>
    public void Add(Connection connection)
    {
        connection.IsCountedHalfOpen = true;
        Count++;
    }

    /// <summary>A connection has had its turn: it may have come further, or to its end.</summary>
    public void Review(Connection connection)
    {
        if (!connection.IsCountedHalfOpen || connection.State == ConnectionState.Handshaking)
            return;
        connection.IsCountedHalfOpen = false;
        Count--;
    }
}
