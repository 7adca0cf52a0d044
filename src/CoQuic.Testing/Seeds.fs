namespace CoQuic.Testing
