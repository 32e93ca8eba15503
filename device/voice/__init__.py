"""What is heard: which sounds make up each event, in both languages. Pure tables and functions.

Nothing here plays or opens a file. ``announcements`` names the sounds of an event in order,
``amounts`` the clips of an amount, ``clips`` lists every recorded clip with what it says, and
``files`` turns names into the parts that the speaker port takes.
"""
