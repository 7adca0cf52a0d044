namespace CoQuic.Runtime
