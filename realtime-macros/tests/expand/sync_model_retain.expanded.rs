// What sync_model_retain.rs becomes.
const _: () = {
    fn __realtime_type_0(
        types: &mut ::realtime_core::__private::Types,
    ) -> ::realtime_core::__private::Ty {
        <Id as ::realtime_core::__private::Described>::describe(types)
    }
    fn __realtime_type_1(
        types: &mut ::realtime_core::__private::Types,
    ) -> ::realtime_core::__private::Ty {
        <Timestamp as ::realtime_core::__private::Described>::describe(types)
    }
    fn __realtime_type_2(
        types: &mut ::realtime_core::__private::Types,
    ) -> ::realtime_core::__private::Ty {
        <Timestamp as ::realtime_core::__private::Described>::describe(types)
    }
    fn __realtime_create(
        principal: &<Message as ::realtime_core::__private::SyncModel>::Principal,
        entity: ::core::option::Option<&Message>,
        root: ::core::option::Option<
            &<Message as ::realtime_core::__private::SyncModel>::Root,
        >,
    ) -> ::realtime_core::__private::Answer {
        ::realtime_core::__private::Policy::<
            _,
            Message,
            _,
        >::ask(&anyone, principal, entity, root)
    }
    fn __realtime_delete(
        principal: &<Message as ::realtime_core::__private::SyncModel>::Principal,
        entity: ::core::option::Option<&Message>,
        root: ::core::option::Option<
            &<Message as ::realtime_core::__private::SyncModel>::Root,
        >,
    ) -> ::realtime_core::__private::Answer {
        ::realtime_core::__private::Policy::<
            _,
            Message,
            _,
        >::ask(&author, principal, entity, root)
    }
    fn __realtime_decode(
        columns: &mut ::realtime_core::__private::Columns<'_>,
    ) -> ::core::result::Result<Message, ::realtime_core::__private::RawError> {
        ::core::result::Result::Ok(Message {
            id: columns.take::<Id>("id")?,
            sent_at: columns.take::<Timestamp>("sent_at")?,
            read_at: columns.take::<Timestamp>("read_at")?,
        })
    }
    #[automatically_derived]
    #[diagnostic::do_not_recommend]
    impl ::realtime_core::__private::Described for Message {
        fn describe(
            types: &mut ::realtime_core::__private::Types,
        ) -> ::realtime_core::__private::Ty {
            types
                .named::<
                    Self,
                >(
                    "Message",
                    |types| ::realtime_core::__private::TypeDef {
                        name: "Message".into(),
                        doc: "".into(),
                        shape: ::realtime_core::__private::Shape::Struct(
                            ::std::vec![
                                ::realtime_core::__private::Field { number : 0, rust : "id"
                                .into(), name : "id".into(), ty : __realtime_type_0(types),
                                doc : "".into(), optional : false, rules : ::std::vec![], },
                                ::realtime_core::__private::Field { number : 0, rust :
                                "sent_at".into(), name : "sent_at".into(), ty :
                                __realtime_type_1(types), doc : "".into(), optional : false,
                                rules : ::std::vec![], }, ::realtime_core::__private::Field
                                { number : 0, rust : "read_at".into(), name : "read_at"
                                .into(), ty : __realtime_type_2(types), doc : "".into(),
                                optional : false, rules : ::std::vec![], }
                            ],
                        ),
                        copy: {
                            use ::realtime_core::__private::lowered::NotCopy as _;
                            ::realtime_core::__private::lowered::CopyProbe::<
                                Message,
                            >::COPY
                        },
                    },
                )
        }
    }
    #[automatically_derived]
    #[diagnostic::do_not_recommend]
    impl ::realtime_core::__private::lowered::Has<
        ::realtime_core::__private::lowered::m::clone,
    > for Message {}
    #[automatically_derived]
    impl ::realtime_core::__private::SyncModel for Message {
        type Principal = <Room as ::realtime_core::__private::SyncModel>::Principal;
        type Root = Room;
        const NUMBER: u16 = ::realtime_core::__private::model_number("Message");
        fn key(&self) -> &str {
            <Id as ::realtime_core::__private::KeyField>::as_key(&self.id)
        }
        fn parts() -> ::realtime_core::__private::ModelParts<Self> {
            use ::realtime_core::__private::lowered::{
                NoMutations as _, SomeMutations as _,
            };
            ::realtime_core::__private::ModelParts {
                name: "Message",
                doc: "",
                topic: ::realtime_core::__private::TopicDecl::Of(
                    ::realtime_core::__private::lowered::root_name::<Room>,
                ),
                version: 1u32,
                key: "id",
                topic_fields: |_| ::std::vec::Vec::new(),
                columns: ::std::vec![
                    ::realtime_core::__private::ColumnDef { rust : "id", name : "id",
                    number : ::realtime_core::__private::column_number("id"), doc : "",
                    ty : __realtime_type_0, optional : false, rules : ::std::vec![], read
                    : ::core::option::Option::None, write : ::core::option::Option::None,
                    encode : | entity : & Message |
                    ::realtime_core::__private::Raw::encode(& entity.id), },
                    ::realtime_core::__private::ColumnDef { rust : "sent_at", name :
                    "sent_at", number :
                    ::realtime_core::__private::column_number("sent_at"), doc : "", ty :
                    __realtime_type_1, optional : false, rules : ::std::vec![], read :
                    ::core::option::Option::None, write : ::core::option::Option::None,
                    encode : | entity : & Message |
                    ::realtime_core::__private::Raw::encode(& entity.sent_at), },
                    ::realtime_core::__private::ColumnDef { rust : "read_at", name :
                    "read_at", number :
                    ::realtime_core::__private::column_number("read_at"), doc : "", ty :
                    __realtime_type_2, optional : false, rules : ::std::vec![], read :
                    ::core::option::Option::None, write : ::core::option::Option::None,
                    encode : | entity : & Message |
                    ::realtime_core::__private::Raw::encode(& entity.read_at), }
                ],
                decode: __realtime_decode,
                read: ::core::option::Option::None,
                every: ::core::option::Option::None,
                retain: ::core::option::Option::Some({
                    let _: fn(&Message) -> &::realtime_core::__private::Timestamp = |
                        entity|
                    &entity.sent_at;
                    ::realtime_core::__private::Retain::Age {
                        ms: 7776000000u64,
                        by: "sent_at",
                    }
                }),
                open: ::core::option::Option::None,
                create: ::core::option::Option::Some(__realtime_create),
                delete: ::core::option::Option::Some(__realtime_delete),
                patch: ::core::option::Option::None,
                anyone: &["create"],
                mutations: (&::realtime_core::__private::lowered::MutationsOf::<
                    Message,
                >::NEW)
                    .list(),
            }
        }
    }
    #[automatically_derived]
    impl ::realtime_core::__private::Child for Message {}
    #[automatically_derived]
    #[diagnostic::do_not_recommend]
    impl ::realtime_core::__private::InTopic<Room> for Message {}
};
